"""A GitHub with one repository, which remembers what it is told and refuses what GitHub refuses."""

from typing import Any

from flask import Flask, Response, jsonify, request

from tests.forge.server import BOT, State, failing, paged, refusal

REPOSITORY = "devu42/infrastructure"
_REPO = "/repos/devu42/infrastructure"
ACTIONS = "github-actions[bot]"
Answer = Any


def github_state() -> State:
    """An empty repository, with GitHub's limit; the token `good` is that of a job."""
    state = State(limit=65_536)
    state.tokens["good"] = ACTIONS
    state.tokens["person"] = BOT
    return state


def github_app(state: State) -> Flask:
    """The application."""
    app = Flask("github")
    failing(app, state)

    def user() -> str:
        return state.tokens.get(request.headers.get("Authorization", "").partition(" ")[2], "")

    @app.before_request
    def known() -> Answer:
        if not user():
            return refusal(401, "Bad credentials")
        if request.method != "GET" and user() == "reader":
            return refusal(403, "Resource not accessible by integration")
        return None

    def listed(items: list[Any]) -> Response:
        page, number, pages = paged(items)
        answer = jsonify(page)
        if number < pages:
            base = request.base_url + "?" + "&".join(f"{k}={v}" for k, v in request.args.items() if k != "page")
            answer.headers["Link"] = f'<{base}&page={number + 1}>; rel="next", <{base}&page={pages}>; rel="last"'
        return answer

    @app.get("/user")
    def me() -> Answer:
        if user() == ACTIONS:
            return refusal(403, "Resource not accessible by integration")
        return jsonify({"login": user(), "id": 1})

    @app.get(_REPO)
    def repository() -> Answer:
        return jsonify({"full_name": REPOSITORY, "name": "infrastructure", "url": request.base_url})

    @app.get(f"{_REPO}/issues/<int:number>/comments")
    def comments(number: int) -> Answer:
        return listed([_comment(each) for each in state.notes.get(number, [])])

    @app.post(f"{_REPO}/issues/<int:number>/comments")
    def add_comment(number: int) -> Answer:
        body = request.json["body"]
        if len(body) > state.limit:
            return jsonify({"message": "Validation Failed", "errors": [{"code": "too_long"}]}), 422
        return jsonify(_comment(state.add_note(number, user(), body))), 201

    @app.route(f"{_REPO}/issues/comments/<int:note>", methods=["GET", "PATCH", "DELETE"])
    def comment(note: int) -> Answer:
        for notes in state.notes.values():
            for each in notes:
                if each["id"] == note:
                    if request.method == "DELETE":
                        notes.remove(each)
                        return "", 204
                    if request.method == "PATCH":
                        each["body"] = request.json["body"]
                    return jsonify(_comment(each))
        return refusal(404, "Not Found")

    _serve_issues(app, state, user, listed)
    _serve_pulls(app, state, user, listed)
    return app


def _serve_issues(app: Flask, state: State, user: Any, listed: Any) -> None:
    @app.get(f"{_REPO}/issues")
    def issues() -> Answer:
        found = [_issue(each) for each in state.issues if each["state"] == request.args.get("state", "open")]
        pulls = [{**_issue(_as_issue(each)), "pull_request": {"url": "x"}} for each in state.requests]
        return listed([*pulls, *found])

    @app.post(f"{_REPO}/issues")
    def open_issue() -> Answer:
        given = request.json
        issue = {"number": 1000 + len(state.issues), "author": user(), "state": "open", **given}
        issue["description"] = issue.pop("body")
        state.issues.append(issue)
        return jsonify(_issue(issue)), 201

    @app.route(f"{_REPO}/issues/<int:number>", methods=["GET", "PATCH"])
    def issue(number: int) -> Answer:
        for each in state.issues:
            if each["number"] == number:
                if request.method == "PATCH":
                    given = dict(request.json)
                    if "body" in given:
                        given["description"] = given.pop("body")
                    each.update(given)
                return jsonify(_issue(each))
        # A pull request, of which only the comments are asked for.
        return jsonify(_issue({"number": number, "title": "", "description": "", "author": "", "state": "open"}))


def _serve_pulls(app: Flask, state: State, user: Any, listed: Any) -> None:
    @app.get(f"{_REPO}/pulls")
    def pulls() -> Answer:
        head, base = request.args.get("head", ""), request.args.get("base")
        return listed(
            [
                _pull(each)
                for each in state.requests
                if each["head"] == head.partition(":")[2] and each["base"] == base and each["state"] == "open"
            ]
        )

    @app.post(f"{_REPO}/pulls")
    def propose() -> Answer:
        made = {"number": len(state.requests) + 1, "state": "open", "author": user(), **request.json}
        state.requests.append(made)
        return jsonify(_pull(made)), 201

    @app.patch(f"{_REPO}/pulls/<int:number>")
    def change_pull(number: int) -> Answer:
        state.requests[number - 1] |= request.json
        return jsonify(_pull(state.requests[number - 1]))


def _as_issue(pull: dict[str, Any]) -> dict[str, Any]:
    return {**pull, "description": pull["body"]}


def _comment(note: dict[str, Any]) -> dict[str, Any]:
    url = f"{request.host_url.rstrip('/')}{_REPO}/issues/comments/{note['id']}"
    return {"id": note["id"], "body": note["body"], "user": {"login": note["author"]}, "url": url}


def _issue(issue: dict[str, Any]) -> dict[str, Any]:
    url = f"{request.host_url.rstrip('/')}{_REPO}/issues/{issue['number']}"
    return {
        "number": issue["number"],
        "title": issue["title"],
        "body": issue["description"],
        "state": issue["state"],
        "user": {"login": issue["author"]},
        "url": url,
        "html_url": f"https://github.example/{REPOSITORY}/issues/{issue['number']}",
    }


def _pull(pull: dict[str, Any]) -> dict[str, Any]:
    url = f"{request.host_url.rstrip('/')}{_REPO}/pulls/{pull['number']}"
    return {
        **pull,
        "url": url,
        "head": {"ref": pull["head"]},
        "base": {"ref": pull["base"]},
        "user": {"login": pull["author"]},
        "html_url": f"https://github.example/{REPOSITORY}/pull/{pull['number']}",
    }
