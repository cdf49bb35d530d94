import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import quickjs
from hypothesis import given
from hypothesis import strategies as st

FUNCTIONS = Path(__file__).parents[2] / "functions"
# CloudFront hands `rawQueryString` to the function: the text after "?", or undefined when there is none.
CALL = """
function run(text) {
    const event = JSON.parse(text);
    if (event.request) { event.request.rawQueryString = () => event.query; }
    return JSON.stringify(handler(event));
}
"""


def load(file: str) -> Callable[[str], str]:
    return quickjs.Function("run", (FUNCTIONS / file).read_text(encoding="utf-8") + CALL)


DIRECTORY_INDEX = load("directory_index.js")


def visit(uri: str, query: str | None = None) -> dict[str, Any]:
    request: dict[str, Any] = {"method": "GET", "uri": uri, "headers": {}, "querystring": {"as": {"value": "received"}}}
    event: dict[str, Any] = {"request": request} if query is None else {"request": request, "query": query}
    return json.loads(DIRECTORY_INDEX(json.dumps(event)))


@pytest.mark.parametrize(
    ("uri", "file"),
    {
        "/": "/",
        "/docs/": "/docs/index.html",
        "/docs/guide/": "/docs/guide/index.html",
        "/v1.2/": "/v1.2/index.html",
        "/index.html": "/index.html",
        "/docs/page.html": "/docs/page.html",
        "/assets/site.3f2a.css": "/assets/site.3f2a.css",
        "/v1.2": "/v1.2",
        "/.well-known/security": "/.well-known/security",
        "/.well-known": "/.well-known",
        "/.well-known/acme-challenge/token": "/.well-known/acme-challenge/token",
        "/caf%C3%A9/": "/caf%C3%A9/index.html",
    }.items(),
)
def test_an_address_reads_the_file_it_stands_for(uri: str, file: str) -> None:
    assert visit(uri)["uri"] == file


@pytest.mark.parametrize(
    ("uri", "query", "location"),
    [
        ("/docs", None, "/docs/"),
        ("/docs", "", "/docs/"),
        ("/docs", "a=1&b=%20x&a=2", "/docs/?a=1&b=%20x&a=2"),
        ("/docs/guide", "q", "/docs/guide/?q"),
        ("/v1.2/docs", None, "/v1.2/docs/"),
        ("/.well-known-not/docs", None, "/.well-known-not/docs/"),
    ],
)
def test_a_directory_without_its_slash_redirects_to_it(uri: str, query: str | None, location: str) -> None:
    assert visit(uri, query)["headers"]["location"]["value"] == location


def test_the_redirect_is_permanent_but_forgotten_after_an_hour() -> None:
    answer = visit("/docs")
    assert (answer["statusCode"], answer["headers"]["cache-control"]["value"]) == (301, "public, max-age=3600")


@pytest.mark.parametrize("uri", ["//evil.example/x", "///evil", "/\\evil.example/x", "//evil"])
def test_a_redirect_never_leaves_the_site(uri: str) -> None:
    location = visit(uri)["headers"]["location"]["value"]
    assert not location.startswith(("//", "/\\"))
    assert urljoin("https://www.example.com", location).startswith("https://www.example.com/")


PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?#"), max_size=40)
QUERIES = st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=30)


@given(path=PRINTABLE, query=QUERIES)
def test_every_answer_is_a_path_of_this_site_with_its_query_string(path: str, query: str | None) -> None:
    answer = visit("/" + path, query)
    if "statusCode" in answer:
        location = answer["headers"]["location"]["value"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
        assert location.partition("?")[2] == (query or "")
        assert location.partition("?")[0].endswith("/")
    else:
        assert answer["uri"].startswith("/")
        assert answer["querystring"] == {"as": {"value": "received"}}


@given(
    directory=PRINTABLE,
    stem=st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True),
    suffix=st.sampled_from(["html", "css", "js", "woff2"]),
)
def test_a_file_with_an_extension_is_left_alone(directory: str, stem: str, suffix: str) -> None:
    uri = f"/{directory}/{stem}.{suffix}"
    assert visit(uri)["uri"] == uri


def test_hashed_files_are_kept_for_a_year_and_keep_their_other_headers() -> None:
    headers = {"etag": {"value": "x"}, "cache-control": {"value": "no-cache"}}
    event: dict[str, Any] = {"response": {"statusCode": 200, "headers": headers}}
    assert json.loads(load("immutable.js")(json.dumps(event))) == {
        "statusCode": 200,
        "headers": {"etag": {"value": "x"}, "cache-control": {"value": "public, max-age=31536000, immutable"}},
    }


@pytest.mark.parametrize("file", ["directory_index.js", "immutable.js"])
def test_a_function_fits_in_what_cloudfront_accepts(file: str) -> None:
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    assert (FUNCTIONS / file).stat().st_size <= 10 * 1024
