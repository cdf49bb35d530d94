from dataclasses import replace

import pytest
import typer

from tests.site.cloud import BUCKET
from tests.site.desk import PAGE, Desk, pages
from tools.site.headers import KEPT, SHORT
from tools.site.place import Place

HTML = "text/html; charset=utf-8"


def writes(desk: Desk) -> list[tuple[str, str]]:
    """What was written to the bucket's files and to CloudFront since the last time."""
    found = [(method, path.removeprefix(f"/{BUCKET}/")) for method, path in desk.cloud.gate.written]
    desk.cloud.gate.written.clear()
    return [(method, path) for method, path in found if not path.startswith(".socle/")]


def refusal(desk: Desk, capsys: pytest.CaptureFixture[str], code: int) -> str:
    with pytest.raises(typer.Exit) as refused:
        desk.publish()
    assert refused.value.exit_code == code
    return capsys.readouterr().err.strip()


def test_every_file_has_its_content_its_type_and_its_time_to_live(desk: Desk) -> None:
    files = {**pages(about="who"), "favicon.svg": "<svg/>", "robots.txt": "User-agent: *", "assets/a.woff2": "font"}
    desk.release("one", files)
    kinds = {".html": HTML, ".xml": "application/xml; charset=utf-8", ".css": "text/css; charset=utf-8"}
    kinds |= {".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8", "woff2": "font/woff2"}
    assert desk.cloud.objects() == {
        path: (
            text.encode(),
            next(kind for end, kind in kinds.items() if path.endswith(end)),
            KEPT if path.startswith("assets/") else SHORT,
        )
        for path, text in files.items()
    }


def test_files_go_up_before_the_pages_that_name_them_and_deletions_come_last(desk: Desk) -> None:
    desk.release("one", pages("aaa", about="who", old="bye"))
    desk.release("two", pages("bbb", about="who"))
    writes(desk)
    desk.release("three", pages("ccc", about="we"))
    made = [(method, path) for method, path in writes(desk) if not path.startswith("/2020")]
    uploads = [path for method, path in made if method == "PUT"]
    assert uploads[0] == "assets/site.ccc.css"
    assert set(uploads[1:]) == {"index.html", "404.html", "about/index.html"}
    assert made[len(uploads) :] == [("DELETE", "assets/site.aaa.css")]


def test_hashed_files_stay_for_one_more_release(desk: Desk) -> None:
    desk.release("one", pages("aaa"))
    desk.release("two", pages("bbb"))
    assert {path for path in desk.cloud.objects() if path.startswith("assets/")} == {
        "assets/site.aaa.css",
        "assets/site.bbb.css",
    }
    desk.release("three", pages("ccc"))
    assert {path for path in desk.cloud.objects() if path.startswith("assets/")} == {
        "assets/site.bbb.css",
        "assets/site.ccc.css",
    }


def test_a_page_that_is_not_built_any_more_is_gone(desk: Desk) -> None:
    desk.release("one", pages(about="who", old="bye"))
    assert desk.read("/old/").status_code == 200
    desk.release("two", pages(about="who"))
    assert desk.read("/old/").status_code == 404
    assert desk.cloud.invalidated() == [["/old/", "/old/index.html"]]


def test_publishing_the_same_again_writes_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.release("one", pages(about="who"))
    writes(desk)
    # As after another build: same contents, new dates.
    desk.build(pages(about="who"))
    desk.touch()
    desk.publish()
    assert desk.cloud.gate.written == []
    assert desk.cloud.invalidated() == []
    assert "is already what was built, nothing is published" in capsys.readouterr().out


@pytest.mark.parametrize("moment", [0, 4_000_000_000])
def test_a_change_is_seen_by_content_whatever_its_size_and_date(desk: Desk, moment: float) -> None:
    desk.release("one", pages(about="who", team="all"))
    writes(desk)
    desk.build(pages(about="how", team="all"))
    desk.touch(moment)
    desk.publish("two")
    assert [path for method, path in writes(desk) if method == "PUT"] == ["about/index.html"]
    assert desk.cloud.objects()["about/index.html"][0] == PAGE.format(base="/", sheet="aaa", text="how").encode()


def test_visitors_get_the_new_page_at_once_and_only_that_is_refreshed(desk: Desk) -> None:
    desk.release("one", pages(about="who", team="all"))
    assert "who" in desk.read("/about/").text
    desk.release("two", pages(about="how", team="all"))
    assert "how" in desk.read("/about/").text
    assert desk.cloud.invalidated() == [["/about/", "/about/index.html"]]


def test_the_first_page_is_refreshed_under_both_its_names(desk: Desk) -> None:
    desk.release("one", pages())
    desk.release("two", {**pages(), "index.html": PAGE.format(base="/", sheet="aaa", text="second")})
    assert "second" in desk.read("/").text
    assert desk.cloud.invalidated() == [["/", "/index.html"]]


def test_files_of_another_hand_are_replaced(desk: Desk) -> None:
    desk.release("one", pages(about="who"))
    desk.cloud.s3.put_object(Bucket=BUCKET, Key="about/index.html", Body=b"defaced")
    desk.cloud.s3.put_object(Bucket=BUCKET, Key="evil.html", Body=b"evil")
    assert desk.read("/about/").text == "defaced"
    desk.publish("two")
    assert "who" in desk.read("/about/").text
    assert set(desk.cloud.objects()) == set(pages(about="who"))


def test_a_dry_run_says_what_would_change_and_changes_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.release("one", pages(about="who", old="bye"))
    writes(desk)
    capsys.readouterr()
    desk.build(pages(about="how"))
    desk.publish(dry_run=True)
    assert desk.cloud.gate.written == []
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "upload     1  about/index.html",
        "delete     1  old/index.html",
        "refresh    4  /about/ /about/index.html /old/ /old/index.html",
    ]


def test_no_visitor_reads_the_records(desk: Desk) -> None:
    desk.release("one", pages())
    assert desk.cloud.object(".socle/releases/one.json")[0]
    assert desk.read("/.socle/releases/one.json").status_code == 404


def test_a_site_that_is_not_well_is_a_failure_that_says_how_to_go_back(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {**pages(), "404.html": "no heading"}
    desk.build(broken)
    with pytest.raises(typer.Exit) as failed:
        desk.publish("one")
    out = capsys.readouterr().out
    assert failed.value.exit_code == 1
    assert "404, without a page, expected 404 with one" in out
    assert out.endswith("staging: the site is not well: `make unpublish STACK=staging` goes back\n")


# Refusals


def test_a_site_that_is_not_built_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(desk, capsys, 2)
    assert said.endswith("dist holds no built site: `make site STACK=staging` first")


@pytest.mark.parametrize("file", ["index.html", "404.html"])
@pytest.mark.parametrize("content", [None, ""])
def test_a_site_without_its_first_or_404_page_is_refused(
    desk: Desk, capsys: pytest.CaptureFixture[str], file: str, content: str | None
) -> None:
    desk.build({path: text for path, text in pages().items() if path != file} | ({file: ""} if content == "" else {}))
    assert refusal(desk, capsys, 2).endswith(f"holds no {file}, or an empty one: `make site STACK=staging` first")


def test_a_site_of_older_sources_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.build(pages())
    (desk.source / "src" / "page.astro").write_text("changed", encoding="utf-8")
    assert "was built from other sources than those in" in refusal(desk, capsys, 2)
    assert desk.cloud.gate.written == []


def test_a_site_of_another_address_is_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.build(pages(), base="/previews/mr-42/")
    assert refusal(desk, capsys, 2).endswith(
        f"was built for {desk.url}/previews/mr-42/, and goes to {desk.url}/: `make site STACK=staging` first"
    )


@pytest.mark.parametrize("folder", [".socle/", "previews/"])
def test_a_site_does_not_use_our_folders(desk: Desk, capsys: pytest.CaptureFixture[str], folder: str) -> None:
    desk.build({**pages(), f"{folder}x.html": "mine"})
    assert f"holds {folder}x.html, and {folder} is ours in the bucket" in refusal(desk, capsys, 2)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a b", "RELEASE is 'a b': use up to 80 letters, digits, dots and dashes"),
        ("../x", "RELEASE is '../x': use up to 80 letters, digits, dots and dashes"),
        ("one", "staging: there is a release one already: give this one another name"),
    ],
)
def test_a_release_has_a_name_of_its_own(desk: Desk, capsys: pytest.CaptureFixture[str], name: str, said: str) -> None:
    desk.release("one", pages())
    desk.build(pages(about="who"))
    with pytest.raises(typer.Exit) as refused:
        desk.publish(name)
    assert (refused.value.exit_code, capsys.readouterr().err.strip()) == (2, said)


def test_a_bucket_that_is_not_there_is_told_in_a_sentence(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.build(pages())
    gone = replace(desk.place, bucket="socle-gone")

    def place(stack: str) -> Place:
        return gone

    desk.given(place=place)
    said = refusal(desk, capsys, 1)
    assert "NoSuchBucket" in said
    assert said.endswith("`make publish STACK=staging`")
