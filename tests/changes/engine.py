"""Previews of the real engine in rehearsal, of a small stack that has most of what a preview can show."""

import os
import textwrap
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from rehearsal.engine import Engine
from rehearsal.session import environment, running_cloud
from rehearsal.workspace import Workspace, open_workspace
from rehearsal.world import World
from tests.rehearsal.checkouts import Checkout, copy_project
from tools.pulumi_cli import Done, Program

STACK = "small"
QUOTED = "hunter2-Of-The-Settings"
"""A secret setting, which the failing program quotes."""
_HEAD = """
import json
import pulumi, pulumi_aws as aws, pulumi_kubernetes as kubernetes, pulumi_random as random

cloud = aws.Provider("aws", region="eu-west-3", skip_credentials_validation=True)
cluster = kubernetes.Provider("cluster", kubeconfig=pulumi.Output.secret("{}"))
on_aws, on_cluster = pulumi.ResourceOptions(provider=cloud), pulumi.ResourceOptions(provider=cluster)
drawn = random.RandomPassword("drawn", length=20)
"""
_BODY = """
files = aws.s3.Bucket("files", bucket="files-{v}", tags={{"a.b": "{v}", "kept": "x"}}, opts=on_aws)
network = aws.ec2.Vpc("network", cidr_block="10.{n}.0.0/16", opts=on_aws)
logs = aws.cloudwatch.LogGroup("logs", retention_in_days={n}, opts=on_aws)
kubernetes.core.v1.ConfigMap(
    "words",
    metadata={{"namespace": "default", "name": "words", "annotations": {{"example.com/a.b": "{v}"}}}},
    data={{"letter": "{v}", "drawn": drawn.result, "lines": "first\\n{v}\\nlast", "plain_token": "token-{v}-abcdef"}},
    opts=on_cluster,
)
kubernetes.core.v1.Secret(
    "login", metadata={{"namespace": "default", "name": "login"}}, string_data={{"user": "u-{v}"}}, opts=on_cluster
)
"""
FIRST = _HEAD + _BODY.format(v="one", n=1) + 'gone = aws.ec2.Vpc("gone", cidr_block="10.9.0.0/16", opts=on_aws)\n'
SECOND = (
    _HEAD
    + _BODY.format(v="two", n=3)
    + """
made = aws.ec2.Vpc("made", cidr_block="10.8.0.0/16", tags={"of": network.id}, opts=on_aws)
pulumi.log.warn("the token is glrt-abcdefghijklmnopqrst")
"""
)
FAILING = (
    SECOND
    + """
def refuse(password):
    raise ValueError(f"no such login: {password}, {pulumi.Config().require('quoted')}")

drawn.result.apply(refuse)
"""
)


@dataclass
class Stage:
    """A checkout whose stack `small` is up, and the engine on it."""

    checkout: Checkout
    workspace: Workspace
    run: Program
    _told: dict[str, Done] = field(default_factory=dict[str, Done])

    def pulumi(self, *arguments: str) -> Done:
        """What a command says."""
        return self.run([*arguments, "--stack", STACK, "--non-interactive"], False)

    def preview(self, program: str, *options: str) -> Done:
        """What a preview of another program says; each is run once."""
        key = program + " ".join(options)
        if key not in self._told:
            self.write(program)
            self._told[key] = self.pulumi("preview", "--json", "--show-sames", *options)
        return self._told[key]

    def write(self, program: str) -> None:
        """Make it the stack's program."""
        (self.checkout.folder / "__main__.py").write_text(textwrap.dedent(program), encoding="utf-8")

    def retag(self, name: str, tags: dict[str, str]) -> None:
        """Give a resource other tags behind the engine's back."""
        world = World(self.workspace.world_file)
        for thing in world.all():
            if thing.urn.endswith(f"::{name}"):
                world.put(replace(thing, outputs={**thing.outputs, "tags": tags}))
        world.close()

    def forget(self, name: str) -> None:
        """Delete a resource behind the engine's back."""
        world = World(self.workspace.world_file)
        for thing in world.all():
            if thing.urn.endswith(f"::{name}"):
                world.delete(thing.type, thing.id)
        world.close()


@contextmanager
def stage(folder: Path, engine: Engine) -> Generator[Stage]:
    """The stack `small`, brought up with its first program."""
    checkout = copy_project(folder)
    (folder / "stack" / "__init__.py").write_text("", encoding="utf-8")
    settings = {"config": {"aws:region": "eu-west-3", "socle:owner": "devu42"}}
    checkout.stack_file(STACK).write_text(yaml.safe_dump(settings), encoding="utf-8")
    workspace = open_workspace(STACK, folder)
    with running_cloud(workspace) as cloud:
        environ = {**os.environ, **environment(workspace, engine, cloud)}
        found = Stage(checkout, workspace, Program(workspace.folder, environ))
        found.write(FIRST)
        for arguments in (["stack", "init"], ["config", "set", "--secret", "socle:quoted", QUOTED]):
            done = found.pulumi(*arguments)
            assert done.code == 0, done.errors
        done = found.pulumi("up", "--yes", "--skip-preview")
        assert done.code == 0, done.output + done.errors
        yield found
