"""Secrets of a stack on their way into its file, with the real engine, and nowhere else."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import typer
import yaml

from settings import parse, read_stack_file
from settings.errors import SettingsError
from settings.secret_keys import secret_keys
from tests.state.angry_cloud import answering, kms_error
from tests.state.busy_cloud import STACK, busy, ended
from tests.state.cloud import Place
from tools.check_stacks import problems_of
from tools.pulumi_cli import Done, Program
from tools.secret import Means, run

PLAIN = "hunter2-0123456789abcdef"
Stored = Callable[..., tuple[int, str]]


@pytest.fixture
def stored(states: Place, capsys: pytest.CaptureFixture[str]) -> Stored:
    """Run the command with a value on its standard input."""

    def call(key: str, value: str = PLAIN, stack: str = STACK, **more: object) -> tuple[int, str]:
        program = Program(states.folder, {**os.environ, **states.environ})
        given: dict[str, object] = {"folder": states.folder, "give": program.give, "read": lambda: value, **more}
        code = 0
        try:
            run(stack, key, Means(**{"interactive": lambda: False, **given}))  # pyright: ignore[reportArgumentType]
        except typer.Exit as ending:
            code = ending.exit_code
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


def file_of(states: Place, stack: str = STACK) -> Path:
    return states.folder / f"Pulumi.{stack}.yaml"


@pytest.mark.parametrize("key", ["datadog_api_key", "socle:datadog_api_key"])
def test_a_secret_is_stored_encrypted_whatever_form_its_key_has(states: Place, stored: Stored, key: str) -> None:
    states.init(STACK)
    assert stored(key, f"{PLAIN}\n") == (
        0,
        "staging: socle:datadog_api_key is in Pulumi.staging.yaml, encrypted: commit that file, then "
        "`make preview STACK=staging`\n",
    )
    assert PLAIN not in file_of(states).read_text(encoding="utf-8")
    document = yaml.safe_load(file_of(states).read_text(encoding="utf-8"))
    assert document["config"]["socle:datadog_api_key"].keys() == {"secure"}
    assert states.must("config", "get", "socle:datadog_api_key", "--stack", STACK) == f"{PLAIN}\n"


def test_a_person_is_asked_with_a_hidden_prompt(states: Place, stored: Stored) -> None:
    states.init(STACK)
    asked: list[str] = []

    def ask(what: str) -> str:
        asked.append(what)
        return PLAIN

    assert stored("registry_password", interactive=lambda: True, ask=ask)[0] == 0
    assert asked == ["staging: socle:registry_password (hidden)"]
    assert states.must("config", "get", "socle:registry_password", "--stack", STACK) == f"{PLAIN}\n"


def test_the_value_is_no_argument_of_any_process(states: Place, stored: Stored) -> None:
    states.init(STACK)
    ran: list[Sequence[str]] = []

    def give(arguments: Sequence[str], text: str) -> Done:
        ran.append(arguments)
        assert text == PLAIN
        return Done(0)

    assert stored("datadog_api_key", give=give)[0] == 0
    assert PLAIN not in " ".join(ran[0])


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("datadog_apikey", 'KEY=datadog_apikey: no secret has this key, did you mean "socle:datadog_api_key"?'),
        ("zzz", "KEY=zzz: no secret has this key, expected one of socle:datadog_api_key, socle:datadog_app_key"),
        ("owner", "KEY=owner: is no secret, write it into the stack's file; secrets are socle:datadog_api_key"),
        ("monitoring.api_key", "KEY=monitoring.api_key: is no secret, write it into the stack's file"),
        ("aws:region", "KEY=aws:region: no secret has this key"),
    ],
)
def test_a_wrong_key_is_refused_with_the_right_ones(states: Place, stored: Stored, key: str, reason: str) -> None:
    states.init(STACK)
    code, said = stored(key)
    assert code == 2
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (
            "gitlab_runner_token",
            "GR1348941hunter2",
            "expected a token of GitLab that begins with glrt-, got a secret value",
        ),
        ("datadog_api_key", "two words", "expected a secret without spaces, got a secret value"),
        ("datadog_api_key", "two\nlines", "expected a secret without spaces, got a secret value"),
        ("datadog_api_key", "[secret]", "got [secret], which only stands for one"),
        ("datadog_api_key", "\n", "no value came, nothing was changed"),
    ],
)
def test_a_wrong_value_is_refused_without_being_shown(
    states: Place, stored: Stored, key: str, value: str, reason: str
) -> None:
    states.init(STACK)
    before = file_of(states).read_bytes()
    code, said = stored(key, value)
    assert (code, reason in said) == (2, True), said
    assert "hunter2" not in said
    assert file_of(states).read_bytes() == before


def test_a_stack_without_a_key_is_told_how_to_get_one(states: Place, stored: Stored) -> None:
    file_of(states).write_text("config: {}\n", encoding="utf-8")
    code, said = stored("datadog_api_key")
    assert code == 2
    assert "Pulumi.staging.yaml has no secretsprovider" in said
    assert "`make bootstrap`" in said


def test_a_stack_that_is_not_there_is_refused_with_those_that_are(states: Place, stored: Stored) -> None:
    states.init(STACK)
    assert stored("datadog_api_key", stack="stagign") == (
        2,
        "STACK=stagign: there is no Pulumi.stagign.yaml, the stacks are staging\n",
    )


def test_a_key_that_is_gone_is_told_in_a_sentence(states: Place, stored: Stored) -> None:
    states.init(STACK)
    name = "arn:aws:kms:eu-west-3:123456789012:alias/socle-staging"
    with answering(kms_error("NotFoundException", f"Alias {name} is not found.")) as address:
        program = Program(states.folder, {**os.environ, **states.environ, "AWS_ENDPOINT_URL_KMS": address})
        code, said = stored("datadog_api_key", give=program.give)
    assert code == 1
    assert f"staging: the key that guards the secrets of the stack is not there ({name})" in said
    assert "correct secretsprovider in Pulumi.staging.yaml" in said
    assert PLAIN not in said


def test_from_a_pipe_the_command_takes_its_value_from_standard_input(states: Place) -> None:
    command = [sys.executable, "-m", "tools.secret", "stagign", "datadog_api_key"]
    done = subprocess.run(
        command, input=PLAIN, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 2
    assert "there is no Pulumi.stagign.yaml" in done.stderr
    assert PLAIN not in done.stdout + done.stderr


# What `make check` says of secrets that nobody encrypted.


@pytest.mark.parametrize("key", secret_keys())
def test_a_plain_value_in_a_secret_key_is_refused_by_the_check(tmp_path: Path, key: str) -> None:
    file = tmp_path / "Pulumi.staging.yaml"
    config = {"aws:region": "eu-west-3", "socle:owner": "devu42", key: f"glrt-{PLAIN}"}
    file.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    (problem,) = problems_of([file])
    assert f"{key}: expected an encrypted value" in problem
    assert PLAIN not in problem


def test_an_encrypted_value_inside_a_section_is_refused_by_the_check(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.staging.yaml"
    monitoring = {"provider": "datadog", "runbook_url": "https://x.example", "api_key": {"secure": "v1:abc"}}
    config = {"aws:region": "eu-west-3", "socle:owner": "devu42", "socle:monitoring": monitoring}
    file.write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"socle:monitoring\.api_key: unknown key"):
        parse(read_stack_file(file))


def test_a_secret_is_plain_in_no_version_of_any_object(states: Place, stored: Stored) -> None:
    with busy(states) as running:
        assert stored("datadog_api_key")[0] == 0
        running.declare("fox")
        main = states.folder / "__main__.py"
        main.write_text(
            main.read_text(encoding="utf-8")
            + "pulumi.export('out', pulumi.Config().require_secret('datadog_api_key'))\n",
            encoding="utf-8",
        )
        for command in (["up", "--yes", "--skip-preview"], ["refresh", "--yes"], ["destroy", "--yes"]):
            code, output = ended(running.start(*command))
            assert code == 0, output
            assert PLAIN not in output
    bodies: list[bytes] = []
    for each in states.objects.versions_under(""):
        if not each.deleted:
            found = states.objects.read(each.key, each.version)
            assert found is not None
            bodies.append(found.body)
    assert len(bodies) > 10
    assert any(b"datadog_api_key" in body for body in bodies)
    assert not [body for body in bodies if PLAIN.encode() in body]
