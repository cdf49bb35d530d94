"""Parts of publishing that need no cloud."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.site_policies import RECORDS
from components.static_site import PREVIEWS as PREVIEWS_OF_THE_COMPONENT
from components.static_site import strict_content_security_policy
from settings import read_stack
from tests.site.desk import pages
from tools.site.built import etag_of
from tools.site.cache import Cache
from tools.site.changes import MOST_PATHS, addresses
from tools.site.headers import KEPT, SHORT, UNKNOWN, Headers, headers_of
from tools.site.place import PREVIEWS, RESERVED, place_of
from tools.site.refused import SiteFailed, SiteRefused
from tools.site.smoke import Answer, look, until_well

ROOT = Path(__file__).parents[2]
OUTPUTS = {"bucket": "b-1", "distribution": "E1", "site_url": "https://www.example.org"}


def test_the_tests_of_the_site_answer_with_the_policy_that_visitors_get() -> None:
    served = (ROOT / "site" / "scripts" / "serve.mjs").read_text(encoding="utf-8")
    assert f'POLICY = "{strict_content_security_policy()}"' in served


def test_the_bucket_hides_and_forgets_the_folders_that_publishing_uses() -> None:
    assert (RESERVED, PREVIEWS) == (RECORDS, PREVIEWS_OF_THE_COMPONENT)


# Headers


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("index.html", Headers("text/html; charset=utf-8", SHORT)),
        ("assets/a.1f.css", Headers("text/css; charset=utf-8", KEPT)),
        ("assets/deep/a.1f.JS", Headers("text/javascript; charset=utf-8", KEPT)),
        ("docs/assets/a.png", Headers("image/png", SHORT)),
        (".well-known/security", Headers(UNKNOWN, SHORT)),
    ],
)
def test_a_file_is_sent_as_what_its_name_says(path: str, headers: Headers) -> None:
    assert headers_of(path, ("/assets/*",)) == headers


# Addresses


def test_an_index_is_forgotten_under_both_its_addresses() -> None:
    assert addresses(["index.html", "a/index.html", "rss.xml"]) == [
        "/",
        "/a/",
        "/a/index.html",
        "/index.html",
        "/rss.xml",
    ]


def test_addresses_are_written_as_cloudfront_reads_them() -> None:
    assert addresses(["café/a b.html"], "/previews/mr-1/") == ["/previews/mr-1/caf%C3%A9/a%20b.html"]


@pytest.mark.parametrize(("count", "collapsed"), [(MOST_PATHS, False), (MOST_PATHS + 1, True)])
def test_many_addresses_become_one(count: int, collapsed: bool) -> None:
    found = addresses(f"{number}.html" for number in range(count))
    assert (found == ["/*"]) is collapsed
    assert len(found) == (1 if collapsed else count)


def test_one_address_of_a_preview_stays_in_it() -> None:
    assert addresses((f"{n}.html" for n in range(MOST_PATHS + 1)), "/previews/mr-1/") == ["/previews/mr-1/*"]


# The name that S3 gives to a content


@pytest.mark.parametrize(
    ("size", "etag"),
    [
        (0, "d41d8cd98f00b204e9800998ecf8427e"),
        (5, "95ebc3c7b3b9f1d2c40fec14415d3cb8"),
        (9 * 1024 * 1024, "-2"),
    ],
)
def test_a_content_has_the_name_that_s3_gives_it(tmp_path: Path, size: int, etag: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"z" * size)
    assert etag_of(file).endswith(etag)


# Places


def test_the_place_of_a_site_comes_from_its_settings_and_outputs() -> None:
    place = place_of("prod", read_stack("prod"), {**OUTPUTS, "more": 1})
    assert (place.bucket, place.distribution, place.address, place.region) == (
        *("b-1", "E1", "https://www.example.org/"),
        str(read_stack("prod").region),
    )
    assert place.lasting


def test_a_stack_without_a_site_is_refused() -> None:
    with pytest.raises(SiteRefused, match=re.escape("f1-vote: has no socle:site, so there is nowhere to publish to")):
        place_of("f1-vote", read_stack("f1-vote"), OUTPUTS)


def test_a_stack_that_is_not_up_is_told_what_to_do() -> None:
    with pytest.raises(SiteFailed) as failed:
        place_of("prod", read_stack("prod"), {**OUTPUTS, "distribution": ""})
    assert str(failed.value) == "prod: has no output 'distribution' yet: `make up STACK=prod` first"
    assert failed.value.code == 1


# Caches


class CloudFront:
    """Answers with errors and states, one after the other."""

    def __init__(self, errors: Sequence[str], states: Sequence[str]) -> None:
        self.errors, self.states, self.asked = list(errors), list(states), 0

    def create_invalidation(self, **_: Any) -> Any:
        self.asked += 1
        if self.errors:
            raise ClientError({"Error": {"Code": self.errors.pop(0), "Message": ""}}, "CreateInvalidation")
        return {"Invalidation": {"Id": "I1"}}

    def get_invalidation(self, **_: Any) -> Any:
        return {"Invalidation": {"Status": self.states.pop(0) if len(self.states) > 1 else self.states[0]}}


def forget(cloudfront: CloudFront) -> tuple[str, int]:
    passed = [0.0]
    beats: list[float] = []

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    cache = Cache(cloudfront, "E1", sleep, lambda: passed[0])
    return cache.forget(["/a"], "r1", lambda: beats.append(passed[0])), len(beats)


def test_an_invalidation_is_waited_for_with_a_sign_of_life_each_time() -> None:
    assert forget(CloudFront([], ["InProgress", "InProgress", "Completed"])) == ("I1", 2)


def test_where_too_many_are_under_way_it_is_asked_again() -> None:
    cloudfront = CloudFront(["TooManyInvalidationsInProgress"] * 2, ["Completed"])
    assert forget(cloudfront) == ("I1", 2)
    assert cloudfront.asked == 3


def test_the_wait_has_an_end() -> None:
    with pytest.raises(SiteFailed) as failed:
        forget(CloudFront([], ["InProgress"]))
    assert str(failed.value) == (
        "invalidation I1 of distribution E1 is still under way after 15 minutes: the files are uploaded, and pages are "
        "old for a minute at most; publish again to complete the release"
    )


def test_another_error_of_cloudfront_is_not_asked_again() -> None:
    cloudfront = CloudFront(["AccessDenied"], ["Completed"])
    with pytest.raises(ClientError):
        forget(cloudfront)
    assert cloudfront.asked == 1


# Smoke

CLOSED = {"content-security-policy": "x", "x-content-type-options": "nosniff", "strict-transport-security": "y"}
HOME = Answer(200, pages()["index.html"].encode(), {"content-type": "text/html", **CLOSED})
SHEET = Answer(200, b"", {"cache-control": KEPT})
MISSING = Answer(404, b"<h1>")


def asked(home: Answer = HOME, missing: Answer = MISSING, sheet: Answer = SHEET, etag: str = "") -> list[str]:
    """What is bad."""

    def ask(url: str) -> Answer:
        return home if url == "https://x.org/" else sheet if "/assets/" in url else missing

    return [each.said for each in look("https://x.org/", etag, ask) if not each.good]


def test_a_site_that_is_well_has_nothing_bad() -> None:
    assert asked() == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"home": Answer(0, failure="no answer (ConnectionError)")}, "no answer (ConnectionError)"),
        ({"home": Answer(503, headers=CLOSED)}, "503, expected 200"),
        ({"home": Answer(200, b"", {**CLOSED})}, "sent as nothing, expected text/html"),
        ({"home": Answer(200, HOME.body, {"content-type": "text/html"})}, "no content-security-policy, x-content"),
        ({"etag": "0" * 32}, "200, but not the page of this release: a cache has another one"),
        ({"missing": Answer(200, b"<h1>")}, "200, with a page, expected 404 with one"),
        ({"missing": Answer(404, b"<Error>")}, "404, without a page, expected 404 with one"),
        ({"sheet": Answer(404)}, "404, Cache-Control 'missing', expected 200 and"),
        ({"sheet": Answer(200, headers={"cache-control": SHORT})}, "200, Cache-Control 'public, max-age=0"),
    ],
)
def test_what_is_bad_is_told(bad: dict[str, Any], said: str) -> None:
    assert any(each.startswith(said) for each in asked(**bad))


def test_a_site_is_asked_until_it_is_well_or_the_time_is_over() -> None:
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    def ask(url: str) -> Answer:
        well = passed[0] >= 20
        return (HOME if url.endswith("org/") else SHEET if "/assets/" in url else MISSING) if well else Answer(503)

    given: dict[str, Any] = {"sleep": sleep, "clock": lambda: passed[0]}
    assert all(each.good for each in until_well("https://x.org/", "", ask, minutes=1, **given))
    assert passed[0] == 20
    passed[0] = -1000
    assert not all(each.good for each in until_well("https://x.org/", "", ask, minutes=1, **given))
    assert -1000 < passed[0] <= -940
