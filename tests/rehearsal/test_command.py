import json
from typing import Any

import pytest

from rehearsal.command_provider import SimulatedCommand
from rehearsal.result import account
from rehearsal.wire import UNKNOWN, Properties, from_struct, secret, to_struct
from rehearsal.world import World
from tests.rehearsal.simulated_k3s import COMMAND, KEY, RUN, inventory, runner, start_machines
from tests.rehearsal.simulation import CALLER, Refused, Requests, Stack

URL = "https://127.0.0.1:16443"
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"
URN = f"urn:pulumi:test::socle::{COMMAND}::it"
HIDDEN = {"stdin": secret(KEY)}


@pytest.fixture
def commands(world: World) -> Stack:
    start_machines(world)
    return Stack(SimulatedCommand(world, "pulumi-command"))


def _secret(fields: Any) -> set[str]:
    return {name for name in fields if SECRET_MARK in str(fields[name])}


def test_another_program_is_not_executed_and_says_nothing(commands: Stack) -> None:
    made = commands.create(COMMAND, "it", "", create="false; touch /tmp/never")
    assert (made["stdout"], made["stderr"], made["create"]) == ("", "", "false; touch /tmp/never")
    assert made["id"].startswith("it")


def test_commands_that_nothing_executed_are_named_in_the_account(commands: Stack, world: World) -> None:
    commands.create(COMMAND, "foreign", "", create="hostname")
    commands.create(COMMAND, "half", "", **runner("configure agents-1"), delete="hostname")
    commands.create(COMMAND, "ours", "", **runner("configure agents-1"))
    commands.create(COMMAND, "nothing", "", environment={"INVENTORY": inventory()})
    counted = account(world)
    assert counted["not_executed"] == ["foreign", "half"]
    assert counted["others"] == {"command": 4}


def test_the_kubeconfig_is_one_for_the_url_that_was_given(commands: Stack) -> None:
    made = commands.create(COMMAND, "it", "", **runner("kubeconfig", API_URL=URL))
    config = json.loads(made["stdout"])
    (cluster,), (user,), (context,) = config["clusters"], config["users"], config["contexts"]
    assert cluster["cluster"]["server"] == URL
    assert {"client-certificate-data", "client-key-data"} == set(user["user"])
    assert context["context"] == {"cluster": cluster["name"], "user": user["name"]}
    assert config["current-context"] == context["name"]


def test_a_configured_machine_is_named_in_a_recap_beside_an_empty_output(commands: Stack) -> None:
    made = commands.create(COMMAND, "it", "", **runner("configure bastion:servers"))
    assert made["stdout"] == ""
    assert [line.partition(" ")[0] for line in made["stderr"].splitlines()[1:]] == ["bastion", "server-1"]


@pytest.mark.parametrize(
    ("words", "missing"),
    [("configure agents-1", "agents-1"), ("configure bastion:servers", "server-1"), ("kubeconfig", "server-1")],
)
def test_a_machine_that_does_not_exist_does_not_answer(world: World, words: str, missing: str) -> None:
    start_machines(world, *({"bastion", "server-1", "agents-1"} - {missing}))
    commands = Stack(SimulatedCommand(world, "pulumi-command"))
    with pytest.raises(Refused, match=f"^exit status 1: {missing}: no machine i-{missing} answers SSH$"):
        commands.create(COMMAND, "it", "", **runner(words, API_URL=URL))


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        (runner("configure web-1"), "no host of the inventory matches web-1"),
        ({**runner("configure agents-1"), "stdin": "a password"}, "no private key on standard input"),
        ({**runner("configure agents-1"), "environment": {"INVENTORY": "{"}}, "INVENTORY is no YAML"),
    ],
)
def test_the_runner_fails_as_it_would(commands: Stack, inputs: Properties, problem: str) -> None:
    with pytest.raises(Refused, match=f"^exit status 1: {problem}"):
        commands.create(COMMAND, "it", "", **inputs)


def test_a_change_runs_the_command_again_and_only_triggers_replace(commands: Stack) -> None:
    first = commands.create(COMMAND, "it", "", **runner("kubeconfig", API_URL=URL), triggers=["1"])
    other = {**runner("kubeconfig", API_URL="https://api.example.org:6443"), "triggers": ["1"]}
    step = commands.diff(COMMAND, "it", "", **other)
    assert (step.changed, step.replaces) == ({"environment.API_URL": "UPDATE"}, set())
    second = commands.update(COMMAND, "it", "", **other)
    assert json.loads(second["stdout"])["clusters"][0]["cluster"]["server"] == "https://api.example.org:6443"
    assert second["stdout"] != first["stdout"]
    for change in (
        {"stdin": f"{KEY}\n"},
        {"create": f"{RUN} configure agents-1"},
        {"delete": f"{RUN} remove agents-1"},
    ):
        assert commands.diff(COMMAND, "it", "", **{**other, **change}).replaces == set()
    assert commands.diff(COMMAND, "it", "", **{**other, "triggers": ["2"]}).replaces == {"triggers"}
    assert commands.diff(COMMAND, "it", "", **other).changed == {}


def test_an_update_command_takes_the_place_of_create(commands: Stack) -> None:
    made = commands.create(COMMAND, "it", "", **runner("configure agents-1"), update="hostname")
    assert "agents-1" in made["stderr"]
    changed = {**runner("configure agents-1"), "update": "hostname", "dir": "/"}
    assert commands.update(COMMAND, "it", "", **changed)["stderr"] == ""


def test_a_command_with_nothing_to_run_keeps_what_was_printed(commands: Stack) -> None:
    made = commands.create(COMMAND, "it", "", **runner("configure agents-1"))
    only_delete = {**runner("configure agents-1"), "delete": f"{RUN} remove agents-1"}
    del only_delete["create"]
    assert commands.update(COMMAND, "it", "", **only_delete)["stderr"] == made["stderr"]


def test_a_delete_says_nothing_whatever_it_would_run(commands: Stack, world: World) -> None:
    commands.create(COMMAND, "it", "", **runner("configure agents-1"), delete="false")
    commands.delete(COMMAND, "it")
    assert world.of(COMMAND) == []


def test_what_a_command_will_print_is_not_known_in_a_preview(commands: Stack) -> None:
    shown = commands.preview(COMMAND, "it", **runner("kubeconfig", API_URL=URL))
    assert (shown["stdout"], shown["stderr"], shown["stdin"]) == (UNKNOWN, UNKNOWN, KEY)


@pytest.mark.parametrize("preview", [True, False])
def test_a_secret_input_makes_itself_and_what_is_printed_secret(commands: Stack, preview: bool) -> None:
    given = {**runner("kubeconfig", API_URL=URL), **HIDDEN}
    checked = commands.provider.Check(Requests.CheckRequest(urn=URN, news=to_struct(given)), CALLER)
    assert _secret(checked.inputs.fields) == {"stdin"}
    request = Requests.CreateRequest(urn=URN, properties=checked.inputs, preview=preview)
    fields = commands.provider.Create(request, CALLER).properties.fields
    assert {"stdin", "stdout", "stderr"} <= _secret(fields)
    assert not _secret(fields) & {"create", "environment"}


def test_one_secret_variable_hides_itself_alone_among_the_inputs(commands: Stack) -> None:
    given = {"create": "hostname", "environment": {"PASSWORD": secret("s3cret"), "PLAIN": "plain"}}
    request = Requests.CreateRequest(urn=URN, properties=to_struct(given))
    fields = commands.provider.Create(request, CALLER).properties.fields
    assert _secret(fields["environment"].struct_value.fields) == {"PASSWORD"}
    assert {"environment", "stdout", "stderr"} == _secret(fields)
    assert from_struct(commands.provider.Create(request, CALLER).properties)["environment"]["PASSWORD"] == "s3cret"


def test_without_a_secret_nothing_is_hidden(commands: Stack) -> None:
    request = Requests.CreateRequest(urn=URN, properties=to_struct({"create": "hostname"}))
    assert _secret(commands.provider.Create(request, CALLER).properties.fields) == set()


def test_a_refresh_keeps_secret_what_was(commands: Stack) -> None:
    given = to_struct({**runner("kubeconfig", API_URL=URL), **HIDDEN})
    made = commands.provider.Create(Requests.CreateRequest(urn=URN, properties=given), CALLER)
    request: Any = Requests.ReadRequest(urn=URN, id=made.id, properties=made.properties, inputs=given)
    read = commands.provider.Read(request, CALLER)
    assert {"stdin", "stdout"} <= _secret(read.properties.fields)
    assert _secret(read.inputs.fields) == {"stdin"}


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"creat": "x"}, "creat: unknown property creat, did you mean create?"),
        ({"create": "x", "environment": "A=1"}, "environment: expected a map, got 'A=1'"),
        ({"create": "x", "triggers": "now"}, "triggers: expected a list, got 'now'"),
        (
            {"create": "x", "logging": "all"},
            "logging: expected one of stdout, stderr, stdoutAndStderr, none, got 'all'",
        ),
        ({"stdin": "x"}, "stdin: no command reads it: create, update and delete are all missing"),
    ],
)
def test_inputs_that_the_provider_would_refuse_are_refused(commands: Stack, inputs: Properties, problem: str) -> None:
    assert commands.problems(COMMAND, inputs) == {problem}


def test_commands_on_other_machines_are_not_executed_either(commands: Stack, world: World) -> None:
    remote = "command:remote:Command"
    made = commands.create(remote, "far", "", connection={"host": "10.0.0.4"}, create="uptime")
    assert made["stdout"] == ""
    assert account(world)["not_executed"] == ["far"]
    assert commands.problems(remote, {"create": "uptime"}) == {"connection: missing, it is required"}
