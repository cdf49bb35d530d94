import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from moto.s3.models import s3_backends

from tests.site.cloud import BUCKET
from tests.site.desk import Desk, aws_here, pages
from tools.site.current import PATIENCE, POINTER, Attempt, Pointer
from tools.site.upload import Done

ROOT = Path(__file__).parents[2]


@contextmanager
def another(desk: Desk, name: str) -> Generator[subprocess.Popen[str]]:
    """Somebody else who publishes what is built."""
    command = [sys.executable, "-m", "tests.site.stranger", str(desk.source), desk.url, desk.cloud.distribution, name]
    # A session of its own: its `aws` dies with it, as when a runner is taken away.
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            desk.cloud.gate.let_go()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def is_page(method: str, path: str) -> bool:
    return method == "PUT" and path.endswith("/index.html")


def works(desk: Desk) -> bool:
    """Whether every page that visitors can get finds the style that it names."""
    files = desk.cloud.objects()
    named = {
        sheet
        for path, (body, _, _) in files.items()
        if path.endswith(".html")
        for sheet in re.findall(r'href="/(assets/[^"]+)"', body.decode())
    }
    return named <= files.keys()


def test_a_publication_that_is_killed_leaves_a_site_that_works_and_the_next_completes_it(desk: Desk) -> None:
    desk.release("one", pages("aaa", about="one", team="one", old="bye"))
    desk.build(pages("bbb", about="two", team="two"))
    desk.cloud.gate.hold(is_page)
    with another(desk, "two") as process:
        desk.cloud.gate.wait()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert "assets/site.bbb.css" in desk.cloud.objects()
    assert works(desk)
    desk.publish("three")
    assert {"assets/site.aaa.css"} == desk.cloud.objects().keys() - pages("bbb", about="two", team="two").keys()
    for path, text in (("/about/", "two"), ("/team/", "two")):
        assert f"<h1>{text}</h1>" in desk.read(path).text
    assert desk.read("/old/").status_code == 404


def test_going_back_from_a_killed_publication_goes_to_the_last_complete_release(desk: Desk) -> None:
    desk.release("one", pages("aaa", about="one"))
    desk.release("two", pages("bbb", about="two"))
    before = {path: file for path, file in desk.cloud.objects().items() if path != "assets/site.aaa.css"}
    desk.build(pages("ccc", about="three", new="hello"))
    desk.cloud.gate.hold(lambda method, path: method == "POST" and "/invalidation" in path)
    with another(desk, "three") as process:
        desk.cloud.gate.wait()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert b"<h1>three</h1>" in desk.cloud.objects()["about/index.html"][0]
    desk.unpublish()
    assert desk.cloud.objects() == before
    assert "<h1>two</h1>" in desk.read("/about/").text


def test_of_two_publications_at_once_the_second_is_refused_and_the_first_completes(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.build(pages("aaa", about="first"))
    desk.cloud.gate.hold(is_page)
    with another(desk, "one") as process:
        desk.cloud.gate.wait()
        with pytest.raises(typer.Exit) as refused:
            desk.publish("two")
        desk.cloud.gate.let_go()
        printed = process.communicate(timeout=120)[0]
    assert process.returncode == 0, printed
    assert refused.value.exit_code == 1
    assert re.search(
        r"is publishing one: wait until it is done, then `make publish STACK=staging`; "
        r"if it is known to be dead, `make publish STACK=staging TAKE_OVER=1`",
        capsys.readouterr().err,
    )
    assert "<h1>first</h1>" in desk.read("/about/").text


def test_who_is_taken_over_stops_and_says_so(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    def overtaken(arguments: Sequence[str]) -> Done:
        """Somebody with TAKE_OVER=1 comes while the first file goes up."""
        desk.given(aws=aws_here)
        desk.publish("two", take_over=True)
        return aws_here(arguments)

    desk.build(pages(about="first"))
    desk.given(aws=overtaken)
    with pytest.raises(typer.Exit) as stopped:
        desk.publish("one")
    assert stopped.value.exit_code == 1
    assert capsys.readouterr().err.strip() == (
        "somebody else took over meanwhile: see that it is done, then `make publish STACK=staging`"
    )
    assert Pointer.model_validate_json(desk.cloud.object(POINTER)[0]) == Pointer(release="two")


def test_a_publication_that_fails_tells_why_and_frees_the_way_for_the_next(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.release("one", pages("aaa", about="one"))
    desk.build(pages("bbb", about="two"))
    ran: list[str] = []

    def failing(arguments: Sequence[str]) -> Done:
        ran.append(str(arguments[2]))
        return aws_here(arguments) if len(ran) == 1 else Done(1, "upload failed: (SlowDown) reduce your rate\n")

    desk.given(aws=failing)
    with pytest.raises(typer.Exit) as failed:
        desk.publish("two")
    assert failed.value.exit_code == 1
    assert capsys.readouterr().err.strip() == (
        "staging: `aws s3 sync` failed (upload failed: (SlowDown) reduce your rate): correct that, then publish again"
    )
    assert works(desk)
    desk.given(aws=aws_here)
    desk.publish("two")
    assert "<h1>two</h1>" in desk.read("/about/").text


def abandoned(desk: Desk, host: str, minutes: float) -> None:
    """Somebody on a host began long ago."""
    attempt = Attempt(release="dead", by="ann", host=host, pid=1)
    body = Pointer(attempt=attempt).model_dump_json().encode()
    desk.cloud.s3.put_object(Bucket=BUCKET, Key=POINTER, Body=body)
    key = s3_backends["123456789012"]["aws"].buckets[BUCKET].keys[POINTER]
    key.last_modified -= type(PATIENCE)(minutes=minutes)


@pytest.mark.parametrize(("minutes", "goes"), [(29, False), (31, True)])
def test_an_attempt_of_another_machine_counts_as_dead_after_half_an_hour_of_silence(
    desk: Desk, capsys: pytest.CaptureFixture[str], minutes: float, goes: bool
) -> None:
    abandoned(desk, "runner-7", minutes)
    desk.build(pages())
    if goes:
        desk.publish("one")
        assert desk.read("/").status_code == 200
        return
    with pytest.raises(typer.Exit):
        desk.publish("one")
    assert capsys.readouterr().err.startswith("ann on runner-7 is publishing dead: wait until it is done")


@pytest.mark.parametrize("key", [POINTER, ".socle/releases/one.json"])
def test_a_record_that_nobody_can_read_is_told(desk: Desk, capsys: pytest.CaptureFixture[str], key: str) -> None:
    desk.release("one", pages())
    desk.cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=b'{"release": ')
    with pytest.raises(typer.Exit) as refused:
        desk.publish()
    assert refused.value.exit_code == 1
    assert f"{key} in s3://{BUCKET} cannot be read" in capsys.readouterr().err
