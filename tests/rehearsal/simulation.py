"""A simulated provider, talked to as the engine does, without an engine."""

import json
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

import grpc
from pulumi.runtime.proto import provider_pb2

from rehearsal.check import DEFAULTS
from rehearsal.provider import SimulatedProvider
from rehearsal.wire import Properties, from_struct, to_struct

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
BUCKET = "aws:s3/bucket:Bucket"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGETS = "aws:lb/targetGroup:TargetGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ROLE = "aws:iam/role:Role"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
    }
)
PARIS = {"region": "eu-west-3"}
Requests: Any = provider_pb2  # its messages have no annotations


class Refused(Exception):  # noqa: N818 (the provider ended the call, with this text)
    """What the engine would print."""


class Caller:
    """A connection of the engine, reduced to what providers ask of it."""

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    def abort(self, code: grpc.StatusCode, text: str) -> NoReturn:
        raise Refused(text)


CALLER = cast(grpc.ServicerContext, Caller())


@dataclass(frozen=True)
class Step:
    """A change as the engine plans it."""

    changed: dict[str, str]
    """Property path to kind of change, in the words of the protocol: `UPDATE`, `ADD_REPLACE`."""
    replaces: set[str]
    delete_first: bool


@dataclass
class Stack:
    """Resources declared one by one on a provider, by type and logical name."""

    provider: SimulatedProvider
    inputs: dict[tuple[str, str], Properties] = field(default_factory=dict[tuple[str, str], Properties])
    ids: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def configure(self, **config: Any) -> "Stack":
        """Configure the provider."""
        self.provider.Configure(Requests.ConfigureRequest(args=to_struct(config)), CALLER)
        return self

    def check(self, type_: str, name: str, inputs: Properties, proposed: str = "") -> tuple[Properties, set[str]]:
        """Inputs with what the provider fills in, and why they are refused."""
        request = Requests.CheckRequest(
            urn=_urn(type_, name),
            news=to_struct(inputs),
            olds=to_struct(self.inputs.get((type_, name), {})),
            autonaming=Requests.CheckRequest.AutonamingOptions(proposed_name=proposed) if proposed else None,
        )
        response = self.provider.Check(request, CALLER)
        return from_struct(response.inputs), {failure.reason for failure in response.failures}

    def problems(self, type_: str, inputs: Properties) -> set[str]:
        """Why inputs are refused: the property, then the reason."""
        return self.check(type_, "it", inputs)[1]

    def create(self, type_: str, name: str, proposed: str = "", /, **inputs: Any) -> Properties:
        """Create a resource; returns its outputs with its id."""
        checked, problems = self.check(type_, name, inputs, proposed)
        assert problems == set()
        made = self.provider.Create(
            Requests.CreateRequest(urn=_urn(type_, name), properties=to_struct(checked)), CALLER
        )
        self.inputs[type_, name], self.ids[type_, name] = checked, made.id
        return {**from_struct(made.properties), "id": made.id}

    def preview(self, type_: str, name: str, /, **inputs: Any) -> Properties:
        """Outputs of a create as a preview shows them."""
        checked, _ = self.check(type_, name, inputs)
        request = Requests.CreateRequest(urn=_urn(type_, name), properties=to_struct(checked), preview=True)
        return from_struct(self.provider.Create(request, CALLER).properties)

    def diff(self, type_: str, name: str, proposed: str = "", /, **inputs: Any) -> Step:
        """What a change of all inputs to these would do."""
        checked, _ = self.check(type_, name, inputs, proposed)
        response = self.provider.Diff(
            Requests.DiffRequest(
                urn=_urn(type_, name),
                id=self.ids[type_, name],
                old_inputs=to_struct(self.inputs[type_, name]),
                news=to_struct(checked),
            ),
            CALLER,
        )
        kinds = {path: Requests.PropertyDiff.Kind.Name(each.kind) for path, each in response.detailedDiff.items()}
        return Step(kinds, set(response.replaces), response.deleteBeforeReplace)

    def update(self, type_: str, name: str, proposed: str = "", /, **inputs: Any) -> Properties:
        """Change a resource in place; returns its outputs."""
        checked, problems = self.check(type_, name, inputs, proposed)
        assert problems == set()
        request = Requests.UpdateRequest(
            urn=_urn(type_, name), id=self.ids[type_, name], news=to_struct(checked), old_inputs=to_struct({})
        )
        outputs = from_struct(self.provider.Update(request, CALLER).properties)
        self.inputs[type_, name] = checked
        return outputs

    def delete(self, type_: str, name: str) -> None:
        """Delete a resource."""
        self.provider.Delete(Requests.DeleteRequest(urn=_urn(type_, name), id=self.ids[type_, name]), CALLER)

    def look_up(self, token: str, **args: Any) -> Properties:
        """Ask a data source."""
        response = self.provider.Invoke(Requests.InvokeRequest(tok=token, args=to_struct(args)), CALLER)
        return from_struct(getattr(response, "return"))


def without_defaults(inputs: Properties) -> Properties:
    """Inputs without the provider's own note of what it filled in."""
    return {key: value for key, value in inputs.items() if key != DEFAULTS}


def _urn(type_: str, name: str) -> str:
    return f"urn:pulumi:test::socle::{type_}::{name}"
