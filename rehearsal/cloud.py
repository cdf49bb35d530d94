"""The simulated cloud as one process: a server for each provider, on the loopback address."""

import asyncio
import contextlib
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pulumi
from google.protobuf import empty_pb2
from pulumi import Inputs
from pulumi.errors import RunError
from pulumi.provider import ConstructResult, Provider
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from rehearsal import eks_component
from rehearsal.aws.provider import SimulatedAws
from rehearsal.command_provider import SimulatedCommand
from rehearsal.datadog_provider import SimulatedDatadog
from rehearsal.kubernetes.provider import SimulatedKubernetes
from rehearsal.provider import SimulatedProvider
from rehearsal.random_provider import SimulatedRandom
from rehearsal.tls_provider import SimulatedTls
from rehearsal.world import World

_PROVIDERS: dict[str, Callable[[World, str], SimulatedProvider]] = {
    "aws": SimulatedAws,
    "kubernetes": SimulatedKubernetes,
    "random": SimulatedRandom,
    "datadog": SimulatedDatadog,
    "tls": SimulatedTls,
    "command": SimulatedCommand,
}
"""Every provider but eks, which is made of components; each plays the version of its SDK, `pulumi-<name>`."""
_LOOPBACK = "127.0.0.1:0"
_LARGE_MESSAGES = [("grpc.max_receive_message_length", 400 * 1024 * 1024)]  # the engine's own limit


class _SimulatedEks(Provider):
    """The provider behind `pulumi_eks.Cluster`, `ManagedNodeGroup` and `Addon`."""

    def __init__(self) -> None:
        super().__init__(metadata.version("pulumi-eks"))

    def construct(
        self, name: str, resource_type: str, inputs: Inputs, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        return eks_component.construct(name, resource_type, dict(inputs), options)


class _AttachedEks(ProviderServicer):
    """The SDK's component server, taught to be attached to instead of started by the engine."""

    async def Attach(self, request: Any, context: Any) -> Any:
        self.engine_address = request.address
        return empty_pb2.Empty()

    async def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True, accept_outputs=True)

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)


class _FullDisk(grpc.ServerInterceptor):
    """Says what is wrong when the world's file cannot be written, in place of an exception's text."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        def guarded(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return handler.unary_unary(request, context)
            except sqlite3.OperationalError as error:
                text = f"the rehearsal cannot write {self._file}: {error}: make room, then run the command again"
                return context.abort(grpc.StatusCode.UNKNOWN, text)

        return grpc.unary_unary_rpc_method_handler(guarded, handler.request_deserializer, handler.response_serializer)


def _serve_in_threads(provider: SimulatedProvider, file: Path) -> tuple[grpc.Server, int]:
    server = grpc.server(ThreadPoolExecutor(max_workers=16), options=_LARGE_MESSAGES, interceptors=[_FullDisk(file)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port(_LOOPBACK)
    server.start()
    return server, port


async def _serve(world: World, file: Path) -> None:
    served = {name: _serve_in_threads(make(world, f"pulumi-{name}"), file) for name, make in _PROVIDERS.items()}
    eks_server = grpc.aio.server(options=_LARGE_MESSAGES)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(_AttachedEks(_SimulatedEks(), [], ""), eks_server)
    eks_port = eks_server.add_insecure_port(_LOOPBACK)
    await eks_server.start()
    ports = {**{name: port for name, (_, port) in served.items()}, "eks": eks_port}
    sys.stdout.write(",".join(f"{name}:{port}" for name, port in ports.items()) + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_ignore_ended_engine)
    logging.getLogger("grpc._cython.cygrpc").addFilter(_is_worth_logging)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.run_in_executor(None, _wait_for_parent, loop, stop)
    await stop.wait()
    await eks_server.stop(grace=None)
    for server, _ in served.values():
        server.stop(grace=None)


def _is_of_ended_engine(problem: BaseException | None) -> bool:
    """Whether it only says that the engine has gone, whose calls were still being answered."""
    gone = isinstance(problem, asyncio.CancelledError | RunError)
    return gone or type(problem).__module__.startswith("grpc")


def _ignore_ended_engine(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not _is_of_ended_engine(context.get("exception")):
        loop.default_exception_handler(context)


def _is_worth_logging(record: logging.LogRecord) -> bool:
    return not (record.exc_info and _is_of_ended_engine(record.exc_info[1]))


def _wait_for_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop when standard input closes, so that the cloud never outlives the command that started it."""
    while sys.stdin.readline():
        pass
    with contextlib.suppress(RuntimeError):  # the loop may have ended already
        loop.call_soon_threadsafe(stop.set)


def main(world_file: str) -> None:
    """Serve the world kept in a file; the first line on standard output is the engine's `PULUMI_DEBUG_PROVIDERS`."""
    try:
        world = World(Path(world_file))
    except sqlite3.Error as error:
        sys.exit(f"cannot use {world_file}: {error}: start afresh with `rm -r {Path(world_file).parent}`")
    asyncio.run(_serve(world, Path(world_file)))
    world.close()
    # Everything is written. Waiting for the servers' idle threads would cost every command half a second.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
