"""The key of a stack's secrets, rotated by the real engine on a simulated KMS."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import typer
import yaml

from tests.state.angry_cloud import answering, kms_error
from tests.state.busy_cloud import STACK, Busy, busy, ended
from tests.state.cloud import PRODUCTION, PROVIDER, Place
from tests.state.faults import fault
from tools.pulumi_cli import NO_VARIABLES, Done, Program
from tools.rotate_key import Means, run
from tools.state.checkpoint import deployment_of
from tools.state.hold import holding
from tools.state.quoting import unquoted

PLAIN = "hunter2-0123456789abcdef"


@dataclass
class Filled:
    """A stack with a secret in its file and in its state."""

    running: Busy
    between: Callable[[], None] = lambda: None
    """What happens after the engine rotated, before anybody looks."""
    ran: list[str] = field(default_factory=list[str])

    @property
    def place(self) -> Place:
        return self.running.place

    @property
    def path(self) -> Path:
        return self.place.folder / f"Pulumi.{STACK}.yaml"

    def engine(self, arguments: Sequence[str], shown: bool, variables: Mapping[str, str] = NO_VARIABLES) -> Done:
        """The real engine, of this place."""
        self.ran.append(" ".join(arguments))
        program = Program(self.place.folder, {**os.environ, **self.place.environ})
        done = program(arguments, shown, variables)
        if "change-secrets-provider" in arguments:
            self.between()
        return done

    def key(self) -> tuple[str, str]:
        """Provider and data key of the file, which the state has to have too."""
        document = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        of_file = (document["secretsprovider"], document["encryptedkey"])
        state = deployment_of(self.state())["secrets_providers"]["state"]
        assert (state["url"], state["encryptedkey"]) == of_file
        return of_file

    def state(self) -> bytes:
        stored = self.place.objects.read(self.place.backend.state_key(STACK))
        assert stored is not None
        return stored.body

    def secrets(self) -> tuple[str, str]:
        """The secret, as file and state tell it."""
        config = self.place.must("config", "get", "socle:datadog_api_key", "--stack", STACK).strip()
        output = self.place.must("stack", "output", "out", "--show-secrets", "--stack", STACK).strip()
        return config, output


@pytest.fixture
def filled(states: Place) -> Iterator[Filled]:
    with busy(states) as running:
        running.declare("fox")
        main = states.folder / "__main__.py"
        secret = "pulumi.export('out', pulumi.Config().require_secret('datadog_api_key'))\n"
        main.write_text(main.read_text(encoding="utf-8") + secret, encoding="utf-8")
        states.must("config", "set", "--secret", "socle:datadog_api_key", "--stack", STACK, given=PLAIN)
        code, output = ended(running.up())
        assert code == 0, output
        found = Filled(running)
        found.path.write_text(found.path.read_text(encoding="utf-8") + "  # a comment\n", encoding="utf-8")
        yield found


def rotated(filled: Filled, to: str = "") -> int:
    try:
        run(STACK, to, Means(run=filled.engine, folder=filled.place.folder))
    except typer.Exit as ending:
        return ending.exit_code
    return 0


@pytest.mark.parametrize("to", ["", PRODUCTION])
def test_secrets_are_encrypted_anew_and_stay_readable(
    filled: Filled, to: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before, state, file = filled.key(), filled.state(), filled.path.read_text(encoding="utf-8")
    assert rotated(filled, to) == 0
    after = filled.key()
    assert after[0] == (to or PROVIDER)
    assert after[1] != before[1]
    assert filled.secrets() == (PLAIN, PLAIN)
    assert "# a comment" in filled.path.read_text(encoding="utf-8")
    old = yaml.safe_load(file)["config"]["socle:datadog_api_key"]["secure"]
    assert old not in filled.path.read_text(encoding="utf-8")
    said = capsys.readouterr().out
    assert "staging: 2 secrets of its file and state are now encrypted by a new data key" in said
    assert "older versions of the state, its history" in said
    (copy,) = filled.place.objects.keys(filled.place.backend.own_key("backups", f"{STACK}/"))
    kept = filled.place.objects.read(copy)
    assert kept is not None
    assert (kept.body, copy in said) == (state, True)
    code, output = ended(filled.running.start("preview", "--expect-no-changes"))
    assert code == 0, output


def test_what_did_not_come_out_right_is_taken_back(filled: Filled, capsys: pytest.CaptureFixture[str]) -> None:
    key, state, file = filled.key(), filled.state(), filled.path.read_bytes()

    def spoil() -> None:
        text = filled.path.read_text(encoding="utf-8")
        filled.path.write_text(text.replace("config:", "config:\n  socle:owner: somebody"), encoding="utf-8")

    filled.between = spoil
    assert rotated(filled) == 1
    assert (filled.key(), filled.state(), filled.path.read_bytes()) == (key, state, file)
    assert filled.secrets() == (PLAIN, PLAIN)
    said = capsys.readouterr().err
    assert "staging: its file and its state are as they were" in said
    assert "staging: its settings are not what they were, so the rotation is taken back" in said


def test_a_rotation_that_is_interrupted_is_taken_back(filled: Filled) -> None:
    state, file = filled.state(), filled.path.read_bytes()

    def stop() -> None:
        raise KeyboardInterrupt

    filled.between = stop
    assert rotated(filled) == 130
    assert (filled.state(), filled.path.read_bytes()) == (state, file)


def test_a_state_that_somebody_wrote_meanwhile_is_not_overwritten(
    filled: Filled, capsys: pytest.CaptureFixture[str]
) -> None:
    file = filled.path.read_bytes()
    theirs = filled.state().replace(b'"length":2', b'"length":3')

    def write() -> None:
        filled.place.objects.write(filled.place.backend.state_key(STACK), theirs)

    filled.between = write
    assert rotated(filled) == 1
    assert (filled.state(), filled.path.read_bytes()) == (theirs, file)
    assert "but somebody wrote the state meanwhile: see `make history STACK=staging`" in capsys.readouterr().err


def test_a_key_that_may_not_be_used_changes_nothing(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state, file = filled.state(), filled.path.read_bytes()
    denied = "User: arn:aws:sts::123456789012:assumed-role/dev/ada is not authorized to perform: kms:Decrypt"
    with answering(kms_error("AccessDeniedException", denied)) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", address)
        assert rotated(filled) == 1
    assert "staging: these credentials may not use a KMS key that the states need" in capsys.readouterr().err
    assert (filled.state(), filled.path.read_bytes()) == (state, file)
    assert not [each for each in filled.ran if "change-secrets-provider" in each]


def test_a_rotation_is_refused_while_somebody_has_the_lock(filled: Filled, capsys: pytest.CaptureFixture[str]) -> None:
    with holding(filled.place.objects, STACK):
        assert rotated(filled) == 1
    assert "holds the lock" in capsys.readouterr().err
    assert filled.ran == []


@pytest.mark.parametrize("to", ["alias/socle-prod", "awskms://alias/socle-prod", "gcpkms://x?region=eu-west-3"])
def test_a_mistyped_key_is_refused_with_the_form_it_has(
    filled: Filled, to: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rotated(filled, to) == 2
    assert f"TO={to}: expected the address of a KMS key with its region" in capsys.readouterr().err
    assert filled.ran == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("config: {}\n", "has no secretsprovider, so there is no key to rotate"),
        (f"secretsprovider: {PROVIDER}\n", "has no encryptedkey, so nothing was ever encrypted"),
    ],
)
def test_a_stack_without_a_key_has_none_to_rotate(
    states: Place, capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    (states.folder / f"Pulumi.{STACK}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(typer.Exit):
        run(STACK, "", Means(folder=states.folder))
    assert reason in capsys.readouterr().err


def test_a_file_with_the_key_of_another_stack_is_told_in_a_sentence(
    filled: Filled, capsys: pytest.CaptureFixture[str]
) -> None:
    good = filled.path.read_bytes()
    filled.place.init("other")
    other = yaml.safe_load((filled.place.folder / "Pulumi.other.yaml").read_text(encoding="utf-8"))["encryptedkey"]
    filled.path.write_text(good.decode().replace(filled.key()[1], other), encoding="utf-8")
    assert rotated(filled) == 1
    said = capsys.readouterr().err
    filled.path.write_bytes(good)
    assert filled.secrets() == (PLAIN, PLAIN)
    fault("wrong-data-key").prove(said, typed=[f"git checkout Pulumi.{STACK}.yaml", f"make up STACK={STACK}"], lost=[])


def test_a_plain_value_stays_plain_and_a_quoted_one_quoted() -> None:
    before = 'config:\n  socle:high_availability: false\n  socle:version: "1.33"\n  socle:network:\n    zones: 2\n'
    after = 'config:\n  socle:high_availability: "false"\n  socle:version: "1.33"\n  socle:network:\n    zones: 2\n'
    assert unquoted(before, after) == before
    assert unquoted("config: {}\n", after) == after
