"""What the inform step refuses before it asks anybody, and what it does outside of a pipeline."""

from pathlib import Path

import pytest
from typer import Exit
from typer.testing import CliRunner

from tests.applications.office import FILE, PLACE, git, image, source
from tools.inform import Means, run
from tools.informing.build import Build, build_of, with_build
from tools.informing.request import repository_of

Said = pytest.CaptureFixture[str]
DIGEST = "sha256:" + "a" * 64


def told(
    folder: Path, capsys: Said, other: dict[str, str], environ: dict[str, str] | None = None
) -> tuple[int, list[str]]:
    given = {"stack": "staging", "name": "users-api", "image": image(20), "build": "20", "source": "", **other}
    with pytest.raises(Exit) as ended:
        run(**given, means=Means(environ or {}, folder=folder))
    return ended.value.exit_code, capsys.readouterr().err.splitlines()


REFUSALS = [
    ({"stack": "../prod"}, 'STACK: expected the name of a stack such as staging, got "../prod"'),
    ({"stack": "stagin"}, 'Pulumi.stagin.yaml: no such file, stacks that have one: "prod", "staging"'),
    ({"name": "user-api"}, 'NAME: unknown key, did you mean "users-api"?'),
    ({"name": "f1-vote"}, "NAME: staging has no f1-vote: its section in Pulumi.staging.yaml comes first"),
    (
        {"image": f"{PLACE}:1.2.0"},
        f'IMAGE: expected the digest too, as in {PLACE}:TAG@sha256:..., got "{PLACE}:1.2.0"',
    ),
    (
        {"image": f"{PLACE}:latest"},
        "IMAGE: expected an image with a tag other than latest, or a digest, such as registry.example.org/api:1.4.2, "
        f'got "{PLACE}:latest"',
    ),
    (
        {"image": f"{PLACE}:1@{DIGEST}\nprograms: {{}}"},
        "IMAGE: expected an image with a tag other than latest, or a digest, such as registry.example.org/api:1.4.2, "
        f'got "{f"{PLACE}:1@{DIGEST}"[:79]}…',
    ),
    (
        {"image": f"ghcr.io/evil/miner:1@{DIGEST}"},
        f'IMAGE: expected one of {PLACE}, which staging runs, got "{f"ghcr.io/evil/miner:1@{DIGEST}"[:79]}…: '
        "another place is first written into Pulumi.staging.yaml",
    ),
    ({"build": "0x14"}, 'BUILD: expected the number of the pipeline such as 1234, got "0x14"'),
    ({"build": "-1"}, 'BUILD: expected the number of the pipeline such as 1234, got "-1"'),
    (
        {"source": "https://x/](javascript:alert(1))"},
        "SOURCE: expected the address of the pipeline, which begins with https://, got "
        '"https://x/](javascript:alert(1))"',
    ),
]


@pytest.mark.parametrize(("wrong", "sentence"), REFUSALS)
def test_what_is_wrong_is_told_in_a_sentence(infrastructure: Path, capsys: Said, wrong: dict[str, str], sentence: str):
    assert told(infrastructure, capsys, wrong) == (2, [sentence])


def test_production_gets_only_what_another_stack_has_run(infrastructure: Path, capsys: Said):
    code, lines = told(infrastructure, capsys, {"stack": "prod"})
    assert (code, lines[0]) == (
        2,
        "STACK: prod is production, which gets what another stack has run: `make promote FROM=staging TO=prod`",
    )


def test_all_that_is_wrong_is_told_at_once(infrastructure: Path, capsys: Said):
    _, lines = told(infrastructure, capsys, {"image": f"{PLACE}:1.2.0", "build": "x", "source": "ftp://x"})
    assert [line.partition(":")[0] for line in lines] == ["IMAGE", "BUILD", "SOURCE"]


def test_a_merge_requests_pipeline_does_not_inform(infrastructure: Path, capsys: Said):
    environ = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "4", "SOCLE_GITLAB_TOKEN": "good"}
    assert told(infrastructure, capsys, {}, environ) == (
        2,
        ["inform: works in pipelines of the main branch, not of merge requests or tags"],
    )


def test_the_digest_alone_names_an_image_too():
    assert repository_of(f"localhost:5000/team/api@{DIGEST}") == "localhost:5000/team/api"
    assert repository_of(f"localhost:5000/team/api:1@{DIGEST}") == "localhost:5000/team/api"
    assert repository_of("api:1") == "api"


def test_outside_of_a_pipeline_the_file_is_written(infrastructure: Path, tmp_path: Path, capsys: Said):
    git(tmp_path, "clone", "--quiet", str(infrastructure), "mine")
    folder = tmp_path / "mine"
    for _ in range(2):
        run("staging", "users-api", image(20), build="20", source=source(20), means=Means({}, folder=folder))
    out = capsys.readouterr().out
    assert out.startswith(f"{FILE} is written, for this is no pipeline. What follows:\n  git add {FILE} && git commit")
    assert out.endswith("already, there is nothing to do\n")
    assert (folder / FILE).read_text() == (
        "# Images of staging, written by `make inform`: docs/applications.md. What is absent follows\n"
        "# components/versions.py, or the image of Pulumi.staging.yaml: docs/promotion.md.\n"
        f"images:\n  users-api: {image(20)}  # build 20 of {source(20)}\n"
    )


def test_build_and_source_come_from_the_environment():
    import typer  # noqa: PLC0415 (only this test needs the command itself)

    from tools.inform import main  # noqa: PLC0415 (likewise)

    app = typer.Typer()
    app.command()(main)
    done = CliRunner().invoke(
        app, ["staging", "users-api", "x"], env={"BUILD": "$(id)", "SOURCE": "no address", "GITLAB_CI": ""}
    )
    assert done.exit_code == 2
    assert "BUILD: expected the number of the pipeline such as 1234" in done.stderr
    assert "SOURCE: expected the address of the pipeline" in done.stderr


NOTED = f"images:\n  f1-vote: a:1  # build 3\n  users-api: {PLACE}:1@{DIGEST}  # asked by Marie\n"


def test_the_build_is_noted_beside_what_people_noted():
    first = with_build(NOTED, "users-api", Build(7, "https://x/7"))
    second = with_build(first, "users-api", Build(8))
    assert second == NOTED.replace("by Marie\n", "by Marie; build 8\n")
    assert build_of(first, "users-api") == Build(7, "https://x/7")
    assert build_of(second, "f1-vote") == Build(3)
    assert build_of(NOTED, "users-api") is None
    assert build_of("charts: {}\n", "users-api") is None


def test_a_build_is_noted_of_images_in_the_file_only():
    with pytest.raises(ValueError, match="name must be that of an image in the file, got 'web-frontend'"):
        with_build(NOTED, "web-frontend", Build(7))
