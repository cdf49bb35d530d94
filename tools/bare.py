"""The least that the engine can be asked to do: as many resources as one likes, from a provider that only says yes.

`python -m tools.bare up|preview COUNT FOLDER` runs one operation and prints the engine's seconds last. `tools.bench`
compares the rehearsal with it: what both take is the engine's own.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
import pulumi
from google.protobuf import empty_pb2, message
from pulumi import automation
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from rehearsal import engine
from rehearsal.workspace import Workspace

PACKAGE: Final = "bare"
_SKIP_CHECK: Final = "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK"
_SERVICE: Final = "pulumirpc.ResourceProvider"
_SAME: Final = provider_pb2.DiffResponse.DIFF_NONE
_OTHER: Final = provider_pb2.DiffResponse.DIFF_SOME

Answer = Callable[[Any], message.Message]
"""Answers a request of the engine."""


def _diff(request: Any) -> message.Message:
    return provider_pb2.DiffResponse(changes=_SAME if request.old_inputs == request.news else _OTHER)


def _create(request: Any) -> message.Message:
    name = request.urn.rpartition("::")[2]
    return provider_pb2.CreateResponse(id="" if request.preview else name, properties=request.properties)


# https://github.com/pulumi/pulumi/blob/v3.250.0/proto/pulumi/provider.proto
ANSWERS: Final[dict[str, tuple[type[message.Message], Answer]]] = {
    "Attach": (plugin_pb2.PluginAttach, lambda _: empty_pb2.Empty()),
    "Handshake": (provider_pb2.ProviderHandshakeRequest, lambda _: provider_pb2.ProviderHandshakeResponse()),
    "GetPluginInfo": (empty_pb2.Empty, lambda _: plugin_pb2.PluginInfo(version="1.0.0")),
    "CheckConfig": (provider_pb2.CheckRequest, lambda each: provider_pb2.CheckResponse(inputs=each.news)),
    "DiffConfig": (provider_pb2.DiffRequest, _diff),
    "Configure": (
        provider_pb2.ConfigureRequest,
        lambda _: provider_pb2.ConfigureResponse(supportsPreview=True),
    ),
    "Check": (provider_pb2.CheckRequest, lambda each: provider_pb2.CheckResponse(inputs=each.news)),
    "Diff": (provider_pb2.DiffRequest, _diff),
    "Create": (provider_pb2.CreateRequest, _create),
    "Read": (
        provider_pb2.ReadRequest,
        lambda each: provider_pb2.ReadResponse(id=each.id, inputs=each.inputs, properties=each.properties),
    ),
    "Update": (provider_pb2.UpdateRequest, lambda each: provider_pb2.UpdateResponse(properties=each.news)),
    "Delete": (provider_pb2.DeleteRequest, lambda _: empty_pb2.Empty()),
    "Cancel": (empty_pb2.Empty, lambda _: empty_pb2.Empty()),
}
"""Every call that the engine makes: its request, and the answer."""


class Thing(pulumi.CustomResource):
    """One resource, with one property."""

    def __init__(self, name: str, value: int) -> None:
        super().__init__(f"{PACKAGE}:index:Thing", name, {"value": value})


def start_server() -> tuple[grpc.Server, int]:
    """The provider, with its port on the loopback address."""

    def handler(request: type[message.Message], answer: Answer) -> "grpc.RpcMethodHandler[Any, Any]":
        def respond(each: Any, _context: grpc.ServicerContext) -> message.Message:
            return answer(each)

        return grpc.unary_unary_rpc_method_handler(
            respond, request_deserializer=request.FromString, response_serializer=lambda each: each.SerializeToString()
        )

    handlers = {name: handler(request, answer) for name, (request, answer) in ANSWERS.items()}
    server = grpc.server(ThreadPoolExecutor(max_workers=16))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


@contextmanager
def running_provider() -> Generator[Callable[[], str]]:
    """The provider in a process of its own, as real ones are; gives a call that waits for its address.

    The address is the value of `PULUMI_DEBUG_PROVIDERS`.
    """
    command = [sys.executable, "-m", "tools.bare", "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin  # noqa: S101 (both are pipes)
        assert process.stdout  # noqa: S101
        readline = process.stdout.readline
        try:
            yield lambda: readline().strip()
        finally:
            process.stdin.close()


def run(operation: str, count: int, folder: Path) -> float:
    """Run `up` or `preview` of `count` resources as the rehearsal runs its own; the engine's seconds."""
    workspace = Workspace(PACKAGE, folder)
    for path in (workspace.state, workspace.folder / "home"):
        path.mkdir(parents=True, exist_ok=True)

    def program() -> None:
        for number in range(count):
            Thing(f"thing-{number}", number)

    with running_provider() as address:
        found = engine.find()
        variables = {**workspace.environment(), **found.environment()}
        # As in the rehearsal: the Automation API reads this one from its own process, and asks for no version then.
        os.environ[_SKIP_CHECK] = variables[_SKIP_CHECK]
        stack = automation.create_or_select_stack(
            stack_name=PACKAGE,
            project_name=PACKAGE,
            program=program,
            opts=automation.LocalWorkspaceOptions(
                work_dir=str(folder), env_vars=variables, pulumi_command=found.automation()
            ),
        )
        stack.workspace.env_vars = {**variables, "PULUMI_DEBUG_PROVIDERS": address()}
        started = time.perf_counter()
        (stack.up if operation == "up" else stack.preview)(on_output=print, color="never")
        return time.perf_counter() - started


def main(arguments: list[str]) -> None:
    """Serve until standard input closes, or run one operation."""
    if arguments == ["serve"]:
        server, port = start_server()
        print(f"{PACKAGE}:{port}", flush=True)
        sys.stdin.read()
        server.stop(None).wait()
    else:
        operation, count, folder = arguments
        print(run(operation, int(count), Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
