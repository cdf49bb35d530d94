"""Runs Python programs for the engine where Pulumi's own language host is absent, as it is beside a Go build.

The engine starts `pulumi-language-python <its address>`, reads a port from the first line of output and calls the
methods below: https://github.com/pulumi/pulumi/blob/v3.250.0/proto/pulumi/language.proto
"""

import asyncio
import contextlib
import logging
import platform
import runpy
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

import grpc
import pulumi
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

_TOLD: Final = 32
"""Exit code of a program whose error is on the screen already; the engine then adds nothing."""

# The engine's own: https://github.com/pulumi/pulumi/blob/v3.250.0/sdk/go/common/util/rpcutil/serve.go
_LARGEST_MESSAGE: Final = 400 * 1024 * 1024
_CALLS_AT_ONCE: Final = 16
_THREADS_PER_OPERATION: Final = 4
_MOST_THREADS: Final = 512


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The part of the protocol that running a program and a policy pack takes."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Accept the engine, whose address comes as an argument or here."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Version of the SDK that programs run with."""
        return plugin_pb2.PluginInfo(version=distribution_versions()["pulumi"])

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Python that programs run with."""
        return language_pb2.AboutResponse(executable=python_of(request.info), version=platform.python_version())

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Nothing to fetch beforehand: the engine loads a provider when a resource needs it."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: grpc.ServicerContext) -> Any:
        """As `GetRequiredPackages`, for engines that ask the old way."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Installed packages."""
        found = [language_pb2.DependencyInfo(name=n, version=v) for n, v in sorted(distribution_versions().items())]
        return language_pb2.GetProgramDependenciesResponse(dependencies=found)

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Refer to `make`, which installs what programs need."""
        yield language_pb2.InstallDependenciesResponse(stdout=b"Nothing to install: make has set up .venv\n")

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Run a program in a process of its own; the request travels on standard input, so no secret shows in `ps`."""
        command = [python_of(request.info), "-u", "-P", __file__, "--run", self._engine]
        process = subprocess.Popen(command, cwd=request.pwd, stdin=subprocess.PIPE)
        context.add_callback(process.kill)
        process.communicate(request.SerializeToString())
        if process.returncode in (0, _TOLD):
            return language_pb2.RunResponse(bail=process.returncode == _TOLD)
        return language_pb2.RunResponse(error=f"the program ended with exit code {process.returncode}")

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Run a policy pack; its messages for people go to our own standard error."""
        if request.kind != "analyzer":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no {request.kind} plugins here, install Pulumi for them")
        command = [python_of(request.info), "-u", "-P", "-m", "pulumi.policy"]
        command += [*request.args, request.info.program_directory]
        environ = dict(entry.partition("=")[::2] for entry in request.env)
        process = subprocess.Popen(command, cwd=request.pwd, env=environ, stdout=subprocess.PIPE)
        context.add_callback(process.kill)
        assert process.stdout  # noqa: S101 (it is a pipe)
        with process.stdout as lines:
            for line in lines:
                yield language_pb2.RunPluginResponse(stdout=line)
        yield language_pb2.RunPluginResponse(exitcode=process.wait())


def distribution_versions() -> dict[str, str]:
    """Versions of the installed packages, by name."""
    return {each.name: each.version for each in distributions()}


def python_of(info: Any) -> str:
    """The Python of the project's `runtime.options.virtualenv`; ours when it names none, or one that is not there."""
    options = info.options.fields
    if "virtualenv" in options:
        python = Path(info.root_directory, options["virtualenv"].string_value, "bin", "python")
        if python.exists():
            return str(python)
    return sys.executable


def run_program(request: Any, engine: str) -> int:
    """Run the program that `request` names against its monitor; the exit code."""
    directory, entry = Path(request.info.program_directory), request.info.entry_point
    sys.path.insert(0, str(directory))
    sys.argv = [str(directory / entry), *request.args]
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=request.project,
            stack=request.stack,
            organization=request.organization,
            monitor=request.monitor_address,
            engine=engine,
            parallel=request.parallel,
            dry_run=request.dryRun,
            root_directory=request.info.root_directory,
        )
    )
    pulumi.runtime.set_all_config(dict(request.config), list(request.configSecretKeys))
    # A failed deployment leaves futures that nobody awaits; asyncio would list each of them.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        asyncio.run(_drain(str(directory / entry), request.parallel))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except Exception:  # Whatever the program raises, the person shall read it.
        pulumi.log.error(f"the program failed:\n{_own_frames(directory)}")
    else:
        return 0
    return _TOLD


async def _drain(program: str, parallel: int) -> None:
    """Run the program until its last resource is registered."""
    threads = min(max(parallel, 1) * _THREADS_PER_OPERATION, _MOST_THREADS)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads))

    def run() -> None:
        runpy.run_path(program, run_name="__main__")

    await pulumi.runtime.run_in_stack(run)


def _own_frames(directory: Path) -> str:
    """The traceback from the first frame of the program on."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    ours = next((i for i, frame in enumerate(frames) if Path(frame.filename).is_relative_to(directory)), 0)
    return traceback.format_exc(limit=ours - len(frames))


def serve(engine: str) -> None:
    """Answer until the engine closes our standard input, which it also does by dying."""
    limits = [("grpc.max_receive_message_length", _LARGEST_MESSAGE), ("grpc.max_send_message_length", _LARGEST_MESSAGE)]
    server = grpc.server(ThreadPoolExecutor(_CALLS_AT_ONCE), options=limits)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.buffer.read()
    server.stop(None)


def main(arguments: list[str]) -> int:
    """Run one program (`--run <engine>`, request on standard input), or serve (other flags are about logs)."""
    if arguments[0] == "--run":
        return run_program(language_pb2.RunRequest.FromString(sys.stdin.buffer.read()), arguments[1])
    serve(arguments[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
