"""Declares a stack on Pulumi's mock engine: without a cloud, an engine or a state."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import pulumi
from pulumi.runtime import config, mocks, settings
from pulumi.runtime.proto import resource_pb2

import stack
from rehearsal.aws.lookups import answer
from rehearsal.eks_component import construct
from settings import PROJECT, load, missing_secrets, parse

Properties = dict[str, Any]

_REMOTE: Final = "eks:index:"
"""Components whose children another program registers; the rehearsal knows them."""
_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
# What the children of those components read of each other.
_CHILD: Final[dict[str, Any]] = {
    "name": "main",
    "arn": "arn",
    "endpoint": "https://api.example",
    "certificateAuthority": {"data": ""},
    "vpcConfig": {"clusterSecurityGroupId": "sg-1", "subnetIds": []},
}


class _Account(pulumi.runtime.Mocks):
    """Accepts every resource, answers every look-up, and notes what was asked for."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.found: dict[str, set[str]] = {"types": set(), "lookups": set(), "attached": set()}
        self.remote: list[tuple[str, str, Properties]] = []
        self.computed: Properties = {}
        self.resources: list[tuple[str, str, Properties]] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, Properties]:
        inputs: Properties = cast(Any, args).inputs  # the SDK says `dict` without saying of what
        self.resources.append((args.typ, args.name, inputs))
        if args.typ.startswith("aws:"):
            self.found["types"].add(args.typ)
        if args.typ.startswith(_REMOTE) and not self.computed:
            self.remote.append((args.name, args.typ, inputs))
        if args.typ == _ATTACHMENT:
            self.found["attached"].add(str(inputs["policyArn"]))
        return f"{args.name}-id", {**inputs, **self.computed}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        if args.token.startswith("aws:"):
            self.found["lookups"].add(args.token)
        return answer(args.token, cast(Any, args).args, self.region)


class _Monitor(mocks.MockMonitor):
    """Gives resources that are inputs as URNs: references are resolved in a thread whose event loop nobody runs."""

    def GetDeploymentInfo(self, request: Any) -> resource_pb2.DeploymentInfo:  # noqa: N802 (the protocol's name)
        known: list[Any] = cast(Any, super()).GetDeploymentInfo(request).supportedFeatures
        references = resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES
        return resource_pb2.DeploymentInfo(supportedFeatures=[each for each in known if each != references])


def declare(raw: Mapping[str, str], name: str) -> dict[str, list[str]]:
    """The fields of `Declared` for a stack with these settings; takes seconds, most of them to import the SDKs."""
    return {field: sorted(values) for field, values in _declared(raw, name).found.items()}


def objects(raw: Mapping[str, str], name: str) -> list[tuple[str, str, Properties]]:
    """Type, name and inputs of every resource of a stack with these settings; what AWS would compute is left out.

    Secrets are what the engine has in their place: the mark of one, beside its value.
    """
    return _declared(raw, name).resources


def _declared(raw: Mapping[str, str], name: str) -> _Account:
    wanted = parse(raw)
    secrets = dict.fromkeys(missing_secrets(wanted), "unknown")
    account = _Account(wanted.region)

    def program() -> None:
        config.set_all_config({**raw, **secrets}, list(secrets))
        stack.declare(load())

    def children() -> None:
        for logical, type_, inputs in account.remote:
            construct(logical, type_, {**inputs, "cluster": {"cluster": "main"}})

    # As a preview, so that what AWS would compute is unknown rather than missing.
    _run(account, name, program, preview=True)
    if account.remote:
        account.computed = _CHILD
        _run(account, name, children, preview=False)
    return account


def _run(account: _Account, name: str, program: Callable[[], None], *, preview: bool) -> None:
    mocks.set_mocks(account, project=PROJECT, stack=name, preview=preview, monitor=_Monitor(account))
    try:
        cast(Any, pulumi.runtime).test(program)()
    finally:
        settings.reset_options()
