"""Small stacks of one's own in a copy of the project, in place of the real one."""

import textwrap

import yaml

from tests.rehearsal.checkouts import Checkout

STACK = "small"
_SETTINGS = {"aws:region": "eu-west-3", "socle:owner": "devu42"}
_HEAD = """
import json

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

cluster = kubernetes.Provider("cluster", kubeconfig=pulumi.Output.secret("{}"))
on_cluster = pulumi.ResourceOptions(provider=cluster)
"""


def write_program(checkout: Checkout, body: str, **settings: object) -> None:
    """Make `body` the program of the stack `small`; it has `pulumi`, `kubernetes`, `random` and `on_cluster`."""
    (checkout.folder / "__main__.py").write_text(_HEAD + textwrap.dedent(body), encoding="utf-8")
    # The session imports the real stack ahead of time, which would be in vain here.
    (checkout.folder / "stack" / "__init__.py").write_text("", encoding="utf-8")
    document = {"config": {**_SETTINGS, **settings}}
    checkout.stack_file(STACK).write_text(yaml.safe_dump(document), encoding="utf-8")
