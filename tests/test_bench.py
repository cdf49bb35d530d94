"""What the benchmark makes of its figures, and the provider of its bare program; nothing here measures time."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc
from rich.console import Console

from tools import bare, bench
from tools.bench import Figures, Run

URN = "urn:pulumi:bare::bare::bare:index:Thing::thing-7"


def figures(**changes: Any) -> Figures:
    usual: dict[str, Any] = {
        "resources": 127,
        "cold": Run(20, 15),
        "warm": Run(11, 9),
        "previews": [Run(5, 4), Run(60, 50), Run(4, 3)],
        "bare_previews": [Run(4, 2), Run(40, 30), Run(3, 1)],
        "imports": 1.5,
        "growth": {100: Run(3, 2), 300: Run(12, 10)},
    }
    return Figures(**usual | changes)


def shown(figures: Figures) -> dict[str, list[str]]:
    """Cells of the table, by their first one."""
    out = io.StringIO()
    Console(file=out, width=200).print(bench.table(figures))
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")] for line in out.getvalue().splitlines() if "│" in line
    ]
    return {first: rest for first, *rest in rows}


# Figures


def test_one_slow_run_does_not_move_the_median() -> None:
    assert bench.middle([Run(5, 4), Run(60, 50), Run(4, 3)]) == Run(5, 4)


def test_a_ratio_compares_totals_with_totals_and_engines_with_engines() -> None:
    assert bench.ratio(Run(6, 4), Run(3, 1)) == Run(2, 4)


def test_the_table_gives_the_medians_their_ratio_and_whether_the_aims_are_met() -> None:
    rows = shown(figures())
    assert rows["prod: preview, no changes, median of 3"] == ["5.00", "4.00", "under 6 s: met"]
    assert rows["bare: preview of 127 resources, no changes, median of 3"] == ["4.00", "2.00", ""]
    assert rows["prod / bare"] == ["× 1.25", "× 2.00", "under 1.3: met"]


def test_a_missed_aim_is_said_and_nothing_more() -> None:
    rows = shown(figures(previews=[Run(9, 8)], bare_previews=[Run(3, 2)]))
    assert rows["prod: preview, no changes, median of 1"][2] == "under 6 s: missed"
    assert rows["prod / bare"][2] == "under 1.3: missed"


def test_the_table_shows_how_the_seconds_grow_with_the_resources() -> None:
    rows = shown(figures())
    assert rows["bare: up of 300 resources"] == ["12.00", "10.00", ""]
    assert rows["bare: 300 / 100 resources, 3 times as many"] == ["× 4.00", "× 5.00", ""]


def test_a_single_number_of_resources_shows_no_growth() -> None:
    assert not any(name.startswith("bare: 100 /") for name in shown(figures(growth={100: Run(3, 2)})))


# Runs


def test_the_measured_copy_has_no_rehearsal_and_no_compiled_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    for name in (
        "Pulumi.prod.yaml",
        ".rehearsal/prod/world.sqlite",
        ".venv/x",
        "tools/a.py",
        "tools/__pycache__/a.pyc",
    ):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).touch()
    monkeypatch.setattr(bench, "ROOT", checkout)
    copy = tmp_path / "copy"
    bench.copy_checkout(copy)
    assert {str(path.relative_to(copy)) for path in copy.rglob("*")} == {"Pulumi.prod.yaml", "tools", "tools/a.py"}


def test_a_command_that_fails_says_what_it_printed_last(tmp_path: Path) -> None:
    with pytest.raises(bench.Failed, match=r"python -c .* failed:\nno room"):
        bench.timed(tmp_path, "-c", "raise SystemExit('no room')")


# The provider of the bare program


@pytest.fixture(scope="module")
def provider() -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    server, port = bare.start_server()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(None).wait()


def struct(**values: Any) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(values)
    return made


def test_the_engine_may_preview_and_asks_for_no_more(provider: Any) -> None:
    assert provider.GetPluginInfo(empty_pb2.Empty()).version == "1.0.0"
    assert provider.Handshake(provider_pb2.ProviderHandshakeRequest()) == provider_pb2.ProviderHandshakeResponse()
    checked = provider.CheckConfig(provider_pb2.CheckRequest(news=struct(a=1)))
    assert checked.inputs == struct(a=1)
    assert provider.Configure(provider_pb2.ConfigureRequest()).supportsPreview


def test_inputs_are_accepted_as_they_are(provider: Any) -> None:
    checked = provider.Check(provider_pb2.CheckRequest(urn=URN, news=struct(value=7)))
    assert checked.inputs == struct(value=7)
    assert not checked.failures


@pytest.mark.parametrize(("preview", "id_"), [(False, "thing-7"), (True, "")])
def test_a_resource_is_made_of_its_inputs_and_called_by_its_name(preview: bool, id_: str, provider: Any) -> None:
    request = provider_pb2.CreateRequest(urn=URN, properties=struct(value=7), preview=preview)
    assert provider.Create(request) == provider_pb2.CreateResponse(id=id_, properties=struct(value=7))


@pytest.mark.parametrize(("value", "changes"), [(7, "DIFF_NONE"), (8, "DIFF_SOME")])
def test_only_another_input_is_a_change(value: int, changes: str, provider: Any) -> None:
    request = provider_pb2.DiffRequest(urn=URN, old_inputs=struct(value=7), news=struct(value=value))
    assert provider.Diff(request).changes == provider_pb2.DiffResponse.DiffChanges.Value(changes)


def test_updates_and_deletes_succeed(provider: Any) -> None:
    updated = provider.Update(provider_pb2.UpdateRequest(urn=URN, news=struct(value=8)))
    assert updated.properties == struct(value=8)
    assert provider.Delete(provider_pb2.DeleteRequest(urn=URN)) == empty_pb2.Empty()


def test_the_provider_tells_its_address_and_ends_with_the_program() -> None:
    with bare.running_provider() as address:
        package, _, port = address().partition(":")
        assert package == "bare"
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=30)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        ended: Any = provider_pb2_grpc.ResourceProviderStub(channel)
        with pytest.raises(grpc.RpcError):
            ended.GetPluginInfo(empty_pb2.Empty())
