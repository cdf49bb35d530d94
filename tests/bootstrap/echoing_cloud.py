"""The cloud of the bootstrap's tests as a process of its own: it outlives an engine that is killed."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.world import World
from tests.bootstrap.echoing_aws import EchoingAws


def main(world_file: str) -> None:
    """Serve until standard input ends; the first line of output is the engine's `PULUMI_DEBUG_PROVIDERS`."""
    server = grpc.server(ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(EchoingAws(World(Path(world_file)), "pulumi-aws"), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"aws:{port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop(grace=None)


if __name__ == "__main__":
    main(sys.argv[1])
