"""Previews as the real engine writes them, read."""

import json
from collections.abc import Mapping, Sequence

import pytest

from tests.changes.engine import FAILING, FIRST, QUOTED, SECOND, STACK, Stage
from tools.changes.known_secrets import known_secrets
from tools.changes.masks import Masks
from tools.changes.model import Change, Counts, Preview, counts
from tools.changes.reader import read_preview
from tools.preview_report import Means, preview_report
from tools.pulumi_cli import Done

DRAWN = 20
"""Characters of the password that the stack draws."""


def read(small: Stage, program: str, *options: str) -> Preview:
    done = small.preview(program, *options)
    return read_preview(STACK, done.output, done.code, done.errors)


def named(changes: tuple[Change, ...]) -> dict[str, Change]:
    return {change.name: change for change in changes}


def values(change: Change) -> dict[str, tuple[str | None, str | None]]:
    return {diff.path: (diff.before, diff.after) for diff in change.diffs}


@pytest.fixture
def changed(small: Stage) -> dict[str, Change]:
    return named(read(small, SECOND).changes)


def test_a_preview_without_changes_has_every_resource_and_no_change(small: Stage) -> None:
    preview = read(small, FIRST)
    assert not preview.changes
    assert preview.complete
    assert preview.drift is None
    assert preview.has_sames
    assert preview.duration > 0
    before = {resource.name: resource.inputs for resource in preview.resources_before()}
    assert before == {resource.name: resource.inputs for resource in preview.resources_after()}
    assert before["files"]["tags"] == {"a.b": "one", "kept": "x"}


def test_operations_are_counted_as_the_engine_does(small: Stage) -> None:
    preview = read(small, SECOND)
    assert counts(preview.changes) == Counts(create=1, update=3, replace=2, delete=1)
    assert {op: number for op, number in preview.summary.items() if op != "same"} == {
        "create": 1,
        "update": 3,
        "replace": 2,
        "delete": 1,
    }


def test_a_replacement_has_its_reasons_and_what_is_lost(changed: dict[str, Change]) -> None:
    files = changed["files"]
    assert (files.op, files.replace_reasons) == ("replace", ("bucket",))
    assert files.dangerous == "the objects in it are lost to the stack: AWS refuses to delete it while it holds any"
    assert {diff.path for diff in files.diffs if diff.forces_replacement} == {"bucket"}
    assert values(files) == {"bucket": ('"files-one"', '"files-two"'), "tags.a.b": ('"one"', '"two"')}


def test_a_deleted_network_is_dangerous_and_a_new_one_is_not(changed: dict[str, Change]) -> None:
    assert changed["gone"].op == "delete"
    assert changed["gone"].dangerous == "everything in the network goes with it"
    assert changed["made"].op == "create"
    assert changed["made"].dangerous is None
    assert values(changed["made"])["tags"] == (None, '{"of": "(known after apply)"}')


def test_an_update_shows_values_but_no_secret(changed: dict[str, Change]) -> None:
    assert values(changed["logs"]) == {"retentionInDays": ("1", "3")}
    assert values(changed["words"]) == {
        "data.letter": ('"one"', '"two"'),
        "data.lines": ("first\none\nlast", "first\ntwo\nlast"),
        "data.plain_token": ("[masked]", "[masked]"),
        "metadata.annotations.example.com/a.b": ('"one"', '"two"'),
    }
    assert values(changed["login"]) == {"stringData.user": ("[secret]", "[secret]")}


def test_what_exists_before_and_after_is_told_for_calculations(small: Stage) -> None:
    preview = read(small, SECOND)
    before = {resource.name: resource for resource in preview.resources_before()}
    after = {resource.name: resource for resource in preview.resources_after()}
    assert before.keys() - after.keys() == {"gone"}
    assert after.keys() - before.keys() == {"made"}
    assert (before["logs"].inputs["retentionInDays"], after["logs"].inputs["retentionInDays"]) == (1, 3)
    assert after["logs"].type == "aws:cloudwatch/logGroup:LogGroup"
    assert "__defaults" not in repr(preview)


def test_the_rows_of_a_replacement_count_once(small: Stage) -> None:
    plain, stepwise = read(small, SECOND), read(small, SECOND, "--show-replacement-steps")
    assert {step.op for step in stepwise.steps} > {"create-replacement", "delete-replaced", "replace"}
    assert stepwise.digest == plain.digest
    assert counts(stepwise.changes) == counts(plain.changes)
    assert len(list(stepwise.resources_after())) == len(list(plain.resources_after()))
    assert len(list(stepwise.resources_before())) == len(list(plain.resources_before()))


def test_warnings_of_the_program_are_told_without_tokens(small: Stage) -> None:
    (warning,) = read(small, SECOND).diagnostics
    assert (warning.severity, warning.message) == ("warning", "the token is [masked]")


def test_a_failing_program_is_told_without_the_secrets_that_it_quotes(small: Stage) -> None:
    done = small.preview(FAILING)
    drawn = {secret for secret in known_secrets(STACK, small.run) if len(secret) == DRAWN}
    # The engine writes &, < and > by their numbers in JSON.
    assert any(secret in repr(json.loads(done.output)) for secret in drawn), "the engine would have masked it by itself"

    def run(arguments: Sequence[str], shown: bool, variables: Mapping[str, str]) -> Done:
        return done if "preview" in arguments else small.run(arguments, shown, variables)

    report = preview_report(STACK, Means(run, {}))
    assert report.failed
    assert report.digest == ""
    (error,) = [each for each in report.diagnostics if each.severity == "error"]
    assert error.message.splitlines()[-1].startswith("ValueError: no such login: [masked], ")
    assert not [secret for secret in {*drawn, QUOTED} if secret in repr(report)]


def test_the_stack_tells_its_secrets_of_settings_and_state(small: Stage) -> None:
    secrets = known_secrets(STACK, small.run)
    assert QUOTED in secrets
    assert any(len(secret) == DRAWN for secret in secrets)


def test_secrets_that_only_one_run_knows_leave_the_digest_as_it_is(small: Stage) -> None:
    done = small.preview(SECOND)
    with_secrets = read_preview(STACK, done.output, done.code, done.errors, Masks(["files-two"]))
    assert values(named(with_secrets.changes)["files"])["bucket"] == ('"files-one"', "[masked]")
    assert with_secrets.digest == read(small, SECOND).digest


def test_a_stack_that_nobody_knows_is_a_failed_preview(small: Stage) -> None:
    done = small.run(["preview", "--json", "--stack", "nobody", "--non-interactive"], False)
    preview = read_preview("nobody", done.output, done.code, done.errors)
    assert preview.failed
    assert [each.message for each in preview.diagnostics] == ["no stack named 'nobody' found"]


def test_a_policy_pack_that_is_missing_is_a_failed_preview(small: Stage) -> None:
    done = small.preview(FIRST, "--policy-pack", "/no/such/folder")
    preview = read_preview(STACK, done.output, done.code, done.errors)
    assert preview.failed
    assert "/no/such/folder" in preview.diagnostics[0].message


def test_drift_is_what_the_cloud_has_otherwise_and_what_is_gone_from_it(small: Stage) -> None:
    """The last of the file: it changes the cloud."""
    small.forget("logs")
    small.retag("files", {"a.b": "somebody", "kept": "x"})
    preview = read(small, FIRST, "--refresh")
    drift = named(preview.drift or ())
    assert {name: (change.op, change.dangerous) for name, change in drift.items()} == {
        "logs": ("delete", None),
        "files": ("update", None),
    }
    assert values(drift["files"])['tags["a.b"]'] == ('"one"', '"somebody"')
    assert {(change.op, change.name) for change in preview.changes} >= {("create", "logs")}
    assert "logs" not in {resource.name for resource in preview.resources_before()}
    assert "logs" in {resource.name for resource in preview.resources_after()}
