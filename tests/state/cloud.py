"""S3, KMS and STS over HTTP on the loopback address, as the real engine and boto3 talk to them: moto."""

import json
import os
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from rehearsal import engine
from tools.state.backend import Backend
from tools.state.objects import Objects

PARIS = "eu-west-3"
BUCKET = "socle-state-123456789012"
PROVIDER = "awskms://alias/socle-staging?region=eu-west-3"
"""Secrets provider of stacks that are not production."""
PRODUCTION = "awskms://alias/socle-prod?region=eu-west-3"


@dataclass(frozen=True)
class Account:
    """An AWS account that exists in this process alone."""

    endpoint: str

    @property
    def variables(self) -> dict[str, str]:
        """With which every AWS client, the engine's too, talks to this account and to no other."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": PARIS,
            "AWS_DEFAULT_REGION": PARIS,
        }

    def client(self, service: str) -> Any:
        return cast(Any, boto3).client(service, region_name=PARIS)

    def enter(self, environ: pytest.MonkeyPatch) -> None:
        """Have this process and its children use the account, and no other, with nothing in it."""
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            environ.delenv(name, raising=False)
        for name, value in self.variables.items():
            environ.setenv(name, value)
        cast(Any, boto3).DEFAULT_SESSION = None
        requests.post(f"{self.endpoint}/moto-api/reset", timeout=10).raise_for_status()


@contextmanager
def serving(environ: pytest.MonkeyPatch) -> Generator[Account]:
    """An empty account that this process and its children use; whatever it was given before is gone."""
    account = Account(_endpoint())
    account.enter(environ)
    yield account


@cache
def _endpoint() -> str:
    """One server for all tests of this process, as long as it lives: to start and stop one takes longer than a test."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


@dataclass(frozen=True)
class Place:
    """A folder with a project of that name and no resources, its states in a bucket."""

    folder: Path
    account: Account
    backend: Backend
    environ: Mapping[str, str]

    @property
    def objects(self) -> Objects:
        return Objects(self.backend)

    def pulumi(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the engine, with `given` on its standard input."""
        found = engine.find()
        return subprocess.run(
            [str(found.command), *arguments, "--non-interactive"],
            cwd=self.folder,
            env={**os.environ, **found.environment(), **self.environ},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def must(self, *arguments: str, given: str | None = None) -> str:
        """Run the engine, which has to succeed; what it printed."""
        done = self.pulumi(*arguments, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def init(self, stack: str, provider: str = PROVIDER) -> None:
        """Make a stack."""
        self.must("stack", "init", stack, "--secrets-provider", provider)

    def load(self, stack: str, *resources: dict[str, Any], **more: Any) -> None:
        """Give a stack these resources, as `pulumi stack import` takes them."""
        exported = json.loads(self.must("stack", "export", "--stack", stack))
        exported["deployment"] |= {"resources": list(resources), **more}
        file = self.folder / f"{stack}-state.json"
        file.write_text(json.dumps(exported), encoding="utf-8")
        self.must("stack", "import", "--stack", stack, "--file", str(file))


def state_bucket(account: Account, name: str = BUCKET) -> Backend:
    """A bucket with versions, and the two keys of the secrets, as `make bootstrap` makes them."""
    s3, kms = account.client("s3"), account.client("kms")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": PARIS})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for level in ("staging", "prod"):
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/socle-{level}", TargetKeyId=key)
    return Backend(name, PARIS)


def place(folder: Path, account: Account, backend: Backend) -> Place:
    """A project without resources, whose `pulumi` works on the bucket."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: socle\nruntime: yaml\nresources: {}\n", encoding="utf-8")
    environ = {
        **account.variables,
        "PULUMI_BACKEND_URL": backend.url,
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    return Place(folder, account, backend, environ)
