"""A GitLab with one project, which remembers what it is told and refuses what GitLab refuses."""

from typing import Any

from flask import Flask, Response, jsonify, request

from tests.forge.server import State, failing, paged, refusal

PROJECT = "devu42/infrastructure"
_NOTES = "/api/v4/projects/<path:project>/merge_requests/<int:number>/notes"
_ISSUES = "/api/v4/projects/<path:project>/issues"
_REQUESTS = "/api/v4/projects/<path:project>/merge_requests"
Answer = Any


def gitlab_state() -> State:
    """An empty project, with GitLab's limit."""
    return State(limit=1_000_000)


def gitlab_app(state: State) -> Flask:
    """The application."""
    app = Flask("gitlab")
    failing(app, state)

    def user() -> str:
        return state.tokens.get(request.headers.get("PRIVATE-TOKEN", ""), "")

    @app.before_request
    def known() -> Answer:
        if not user():
            return refusal(401, "401 Unauthorized")
        if request.method != "GET" and user() == "reader":
            return refusal(403, "403 Forbidden")
        project = (request.view_args or {}).get("project", PROJECT)
        return None if project == PROJECT else refusal(404, "404 Project Not Found")

    def listed(items: list[Any]) -> Response:
        page, number, pages = paged(items)
        answer = jsonify(page)
        answer.headers["X-Page"], answer.headers["X-Total-Pages"] = str(number), str(pages)
        if number < pages:
            base = request.base_url + "?" + "&".join(f"{k}={v}" for k, v in request.args.items() if k != "page")
            answer.headers["Link"] = f'<{base}&page={number + 1}>; rel="next"'
        return answer

    def too_long(text: str) -> bool:
        return len(text) > state.limit

    @app.get("/api/v4/user")
    def me() -> Answer:
        return jsonify({"id": 1, "username": user()})

    @app.get(_NOTES)
    def notes(project: str, number: int) -> Answer:
        ordered = sorted(state.notes.get(number, []), key=lambda note: note["id"])
        newest_first = request.args.get("sort", "desc") == "desc"
        return listed([_note(each) for each in (reversed(ordered) if newest_first else ordered)])

    @app.post(_NOTES)
    def add_note(project: str, number: int) -> Answer:
        if too_long(request.json["body"]):
            return refusal(400, "Note is too long (maximum is 1000000 characters)")
        return jsonify(_note(state.add_note(number, user(), request.json["body"]))), 201

    @app.put(f"{_NOTES}/<int:note>")
    def change_note(project: str, number: int, note: int) -> Answer:
        for each in state.notes.get(number, []):
            if each["id"] == note:
                if each["author"] != user():
                    return refusal(403, "403 Forbidden")
                each["body"] = request.json["body"]
                return jsonify(_note(each))
        return refusal(404, "404 Note Not Found")

    @app.delete(f"{_NOTES}/<int:note>")
    def delete_note(project: str, number: int, note: int) -> Answer:
        before = len(state.notes.get(number, []))
        state.notes[number] = [each for each in state.notes.get(number, []) if each["id"] != note]
        return ("", 204) if len(state.notes[number]) < before else refusal(404, "404 Note Not Found")

    _serve_issues(app, state, user, listed)
    _serve_requests(app, state, user, listed)
    return app


def _serve_issues(app: Flask, state: State, user: Any, listed: Any) -> None:
    @app.get(_ISSUES)
    def issues(project: str) -> Answer:
        wanted = request.args.get("state", "opened")
        return listed([_issue(each) for each in state.issues if each["state"] == wanted])

    @app.post(_ISSUES)
    def open_issue(project: str) -> Answer:
        issue = {"number": len(state.issues) + 1, "author": user(), "state": "opened", **request.json}
        state.issues.append(issue)
        return jsonify(_issue(issue)), 201

    @app.put(f"{_ISSUES}/<int:number>")
    def change_issue(project: str, number: int) -> Answer:
        issue = state.issues[number - 1]
        issue |= {key: value for key, value in request.json.items() if key != "state_event"}
        if request.json.get("state_event") == "close":
            issue["state"] = "closed"
        return jsonify(_issue(issue))

    @app.post(f"{_ISSUES}/<int:number>/notes")
    def say(project: str, number: int) -> Answer:
        state.issues[number - 1].setdefault("said", []).append(request.json["body"])
        return jsonify({"id": state.new_id(), "body": request.json["body"], "author": {"username": user()}}), 201


def _serve_requests(app: Flask, state: State, user: Any, listed: Any) -> None:
    @app.get(_REQUESTS)
    def requests(project: str) -> Answer:
        wanted = {key: request.args.get(key) for key in ("state", "source_branch", "target_branch")}
        return listed([each for each in state.requests if all(each[k] == v for k, v in wanted.items() if v)])

    @app.post(_REQUESTS)
    def propose(project: str) -> Answer:
        number = len(state.requests) + 1
        made = {
            "iid": number,
            "state": "opened",
            "author": {"username": user()},
            "web_url": f"https://gitlab.example/{PROJECT}/-/merge_requests/{number}",
            **request.json,
        }
        state.requests.append(made)
        return jsonify(made), 201

    @app.put(f"{_REQUESTS}/<int:number>")
    def change_request(project: str, number: int) -> Answer:
        state.requests[number - 1] |= request.json
        return jsonify(state.requests[number - 1])


def _note(note: dict[str, Any]) -> dict[str, Any]:
    return {"id": note["id"], "body": note["body"], "author": {"username": note["author"]}, "system": False}


def _issue(issue: dict[str, Any]) -> dict[str, Any]:
    return {
        "iid": issue["number"],
        "id": issue["number"],
        "title": issue["title"],
        "description": issue["description"],
        "state": issue["state"],
        "author": {"username": issue["author"]},
        "web_url": f"https://gitlab.example/{PROJECT}/-/issues/{issue['number']}",
    }
