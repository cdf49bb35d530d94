import re

import pytest
import typer

from tests.site.cloud import BUCKET
from tests.site.desk import Desk, pages
from tools import releases, site_smoke
from tools.site.headers import KEPT, SHORT
from tools.site.release import KEPT as KEPT_RELEASES


def refusal(desk: Desk, capsys: pytest.CaptureFixture[str], release: str = "") -> str:
    capsys.readouterr()
    with pytest.raises(typer.Exit) as refused:
        desk.unpublish(release)
    assert refused.value.exit_code == 2
    return capsys.readouterr().err.strip()


def listed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    releases.run("staging", as_json=False, means=desk.means)
    return capsys.readouterr().out


def test_going_back_restores_every_file_byte_for_byte(desk: Desk) -> None:
    desk.release("one", {**pages("aaa", about="who", old="bye"), "favicon.svg": "<svg/>"})
    before = desk.cloud.objects()
    desk.release("two", {**pages("bbb", about="how", new="hello"), "favicon.svg": "<svg></svg>"})
    assert desk.cloud.objects() != before
    desk.unpublish()
    after = desk.cloud.objects()
    # Those who still read the pages of the second release find their style.
    assert after.pop("assets/site.bbb.css") == (b"/* bbb */\n", "text/css; charset=utf-8", KEPT)
    assert after == before
    assert {cache for path, (_, _, cache) in after.items() if path.endswith(".html")} == {SHORT}


def test_visitors_get_the_old_pages_at_once(desk: Desk) -> None:
    desk.release("one", pages(about="who", old="bye"))
    desk.release("two", pages(about="how", new="hello"))
    assert "how" in desk.read("/about/").text
    assert desk.read("/new/").status_code == 200
    desk.unpublish()
    assert "who" in desk.read("/about/").text
    assert "bye" in desk.read("/old/").text
    assert desk.read("/new/").status_code == 404


def test_going_back_twice_goes_two_releases_back_and_forth_by_name(desk: Desk) -> None:
    for name in ("one", "two", "three"):
        desk.release(name, pages(about=name))
    desk.unpublish()
    desk.unpublish()
    assert "<h1>one</h1>" in desk.read("/about/").text
    desk.unpublish("three")
    assert "<h1>three</h1>" in desk.read("/about/").text
    desk.unpublish("one")
    assert "<h1>one</h1>" in desk.read("/about/").text


def test_what_is_published_after_going_back_takes_the_place_of_what_was_gone_back_to(desk: Desk) -> None:
    desk.release("one", pages(about="one"))
    desk.release("two", pages(about="two"))
    desk.unpublish()
    desk.release("three", pages(about="three"))
    desk.unpublish()
    assert "<h1>one</h1>" in desk.read("/about/").text


def test_a_dry_run_says_where_it_would_go(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.release("one", pages(about="one", old="bye"))
    desk.release("two", pages(about="two", new="hello"))
    desk.cloud.gate.written.clear()
    capsys.readouterr()
    desk.unpublish(dry_run=True)
    assert desk.cloud.gate.written == []
    said = capsys.readouterr().out
    assert said.startswith(f"{desk.url}/ goes from two to one of 20")
    assert said.endswith("UTC: 2 files put back, 1 deleted, 4 addresses refreshed\n")


def test_there_is_nothing_to_go_back_to_before_the_second_release(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(desk, capsys) == "staging: no release was ever completed, so there is none to go back to"
    desk.release("one", pages())
    assert refusal(desk, capsys) == (
        "staging: no release is on record before one; those on record are one, and RELEASE= takes one of them"
    )


def test_a_release_that_is_unknown_is_refused_with_those_that_are(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.release("one", pages())
    assert refusal(desk, capsys, "two") == "staging: there is no release two, expected one of one"


def test_a_release_whose_files_the_bucket_forgot_is_refused_and_nothing_changes(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.release("one", pages(about="one"))
    desk.release("two", pages(about="two"))
    versions = desk.cloud.s3.list_object_versions(Bucket=BUCKET, Prefix="about/")["Versions"]
    (old,) = [each["VersionId"] for each in versions if not each["IsLatest"]]
    desk.cloud.s3.delete_object(Bucket=BUCKET, Key="about/index.html", VersionId=old)
    assert refusal(desk, capsys) == (
        "staging: release one cannot come back, for the bucket keeps about/index.html of it no more (1 files in all): "
        "take a newer one of one, two, or publish its commit again"
    )
    assert "<h1>two</h1>" in desk.read("/about/").text


def test_only_the_newest_releases_stay_on_record(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(KEPT_RELEASES + 3):
        desk.release(f"r{number:02}", pages(about=str(number)))
    names = [f"r{number:02}" for number in range(KEPT_RELEASES + 3)]
    shown = listed(desk, capsys)
    assert [name for name in names if name in shown] == names[3:]
    assert refusal(desk, capsys, "r02").startswith("staging: there is no release r02, expected one of r03, ")


def test_the_list_tells_which_release_is_current(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(desk, capsys) == "staging: nothing was published yet\n"
    desk.release("one", pages())
    desk.release("two", pages(about="who"))
    desk.unpublish()
    rows = [re.sub(r"[^\w:-]+", " ", line).split() for line in listed(desk, capsys).splitlines()]
    marked = {row[0]: row[-1] == "current" for row in rows if row and row[0] in ("one", "two")}
    assert marked == {"one": True, "two": False}


def test_the_smoke_test_knows_the_released_page(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.release("one", pages())
    assert site_smoke.run("staging", preview="", as_json=False, means=desk.means)
    assert "200, the page of this release" in capsys.readouterr().out


# Previews


def test_a_preview_has_a_path_of_its_own_and_leaves_the_site_alone(desk: Desk) -> None:
    desk.release("one", pages(about="who"))
    site = desk.cloud.objects()
    desk.build(pages("ppp", "/previews/mr-42/", about="draft"), base="/previews/mr-42/")
    desk.publish(preview="mr-42")
    assert "draft" in desk.read("/previews/mr-42/about/").text
    assert "who" in desk.read("/about/").text
    desk.build(pages("ppp", "/previews/mr-42/", about="draft two"), base="/previews/mr-42/")
    desk.publish(preview="mr-42")
    assert "draft two" in desk.read("/previews/mr-42/about/").text
    assert desk.cloud.invalidated() == [["/previews/mr-42/about/", "/previews/mr-42/about/index.html"]]
    desk.release("two", pages(about="who else"))
    assert "draft two" in desk.read("/previews/mr-42/about/").text
    desk.unpublish()
    desk.unpublish(preview="mr-42")
    assert desk.read("/previews/mr-42/about/").status_code == 404
    assert desk.cloud.objects() == site


def test_a_preview_that_is_not_there_is_taken_away_without_a_word_of_blame(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.unpublish(preview="mr-42")
    assert capsys.readouterr().out == f"{desk.url}/previews/mr-42/ is not there\n"


@pytest.mark.parametrize("name", ["MR-42", "../x", "a/b", "-a", "x" * 41])
def test_the_name_of_a_preview_is_one_segment_of_a_path(
    desk: Desk, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with pytest.raises(typer.Exit) as refused:
        desk.publish(preview=name)
    said = f"PREVIEW must be up to 40 lower-case letters, digits and dashes such as mr-42, got {name!r}"
    assert (refused.value.exit_code, capsys.readouterr().err.strip()) == (2, said)


def test_nobody_previews_beside_a_site_that_lasts(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.lasting = True
    with pytest.raises(typer.Exit) as refused:
        desk.publish(preview="mr-42")
    assert refused.value.exit_code == 2
    assert capsys.readouterr().err.startswith("staging: keeps its files (socle:site.delete_contents is false), ")
