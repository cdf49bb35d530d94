"""The mock engine: what a program declares, by name."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import pulumi
import pytest
from botocore import loaders
from pulumi.runtime import mocks, settings

from tests.components.simulated_eks import EKS_OUTPUTS
from tests.components.simulated_k3s import OUTPUTS as K3S_OUTPUTS

# Each session of boto3 would read the descriptions of AWS's services anew, which takes longer than most tests.
loaders.create_loader = cache(loaders.create_loader)
# What a forge tells its jobs would have commands wait for their turn, and take the tests for a pipeline.
for name in [each for each in os.environ if each == "CI" or each.startswith(("CI_", "GITHUB_", "GITLAB_"))]:
    del os.environ[name]
# A runner may start its jobs with Ctrl-C ignored, and whatever a test starts would inherit that: here it is heard.
signal.signal(signal.SIGINT, signal.default_int_handler)

Properties = dict[str, Any]
Outputs = Mapping[str, Callable[[Properties], Properties]]
"""By resource type: what AWS adds to the inputs, computed from them."""


def _validation_options(inputs: Properties) -> Properties:
    """What ACM asks to prove; as on AWS, a wildcard shares the record of its apex."""
    names: list[str] = [inputs["domainName"], *inputs.get("subjectAlternativeNames", [])]
    return {
        "domainValidationOptions": [
            {
                "domainName": name,
                "resourceRecordName": f"_proof.{name.removeprefix('*.')}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_answer.{name.removeprefix('*.')}.",
            }
            for name in sorted(names)
        ]
    }


ALWAYS_COMPUTED: Outputs = {
    "aws:acm/certificate:Certificate": _validation_options,
    "random:index/randomPassword:RandomPassword": lambda inputs: {"result": "drawn".ljust(int(inputs["length"]), "x")},
    **EKS_OUTPUTS,
    **K3S_OUTPUTS,
}
"""Outputs that components look into, so that a whole stack can be declared without announcing them."""


@dataclass(frozen=True)
class Declared:
    """One resource as the engine would receive it; inputs are in the provider's camelCase."""

    type: str
    name: str
    inputs: Properties
    provider: str


class Engine(pulumi.runtime.Mocks):
    """Accepts every resource and refuses every look-up that the test did not announce."""

    def __init__(self, lookups: Mapping[str, Any], outputs: Outputs) -> None:
        self.resources: list[Declared] = []
        self.lookups = lookups
        self.outputs = {**ALWAYS_COMPUTED, **outputs}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, Properties]:
        inputs: Properties = cast(Any, args).inputs  # the SDK says `dict` without saying of what
        self.resources.append(Declared(args.typ, args.name, inputs, args.provider or ""))
        computed = self.outputs[args.typ](inputs) if args.typ in self.outputs else {}
        # What is given no name is named by autonaming; the name of a bucket is called `bucket`.
        named = {"arn": f"arn:aws:mock:::{args.name}", "name": args.name, "bucket": args.name}
        return f"{args.name}-id", {**named, **inputs, **computed}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        if args.token not in self.lookups:
            raise AssertionError(f"unexpected lookup {args.token}: components take ids, they do not look them up")
        answer = self.lookups[args.token]
        return answer(cast(Any, args).args) if callable(answer) else answer


@dataclass(frozen=True)
class Plan:
    """Everything that a program declared."""

    resources: list[Declared]
    urns: list[str]

    def of(self, type_: str) -> dict[str, Properties]:
        """Inputs of every resource of a type, by logical name."""
        return {r.name: r.inputs for r in self.resources if r.type == type_}

    def one(self, type_: str) -> Properties:
        """Inputs of the only resource of a type."""
        found = self.of(type_)
        assert len(found) == 1, f"expected one {type_}, got {sorted(found)}"
        return next(iter(found.values()))

    @property
    def types(self) -> set[str]:
        """Types that were declared."""
        return {r.type for r in self.resources}


Declare = Callable[..., Plan]


@pytest.fixture
def declare() -> Iterator[Declare]:
    """Run a program on the mock engine and return what it declared: `declare(program, lookups={token: answer})`.

    `outputs={type: function of the inputs}` adds properties that AWS would compute.
    """

    def run(
        program: Callable[[], object], lookups: Mapping[str, Any] | None = None, outputs: Outputs | None = None
    ) -> Plan:
        engine = Engine(lookups or {}, outputs or {})
        monitor = mocks.MockMonitor(engine)
        mocks.set_mocks(engine, project="socle", stack="test", preview=False, monitor=monitor)

        @cast(Any, pulumi.runtime).test
        def once() -> None:
            program()

        once()
        return Plan(engine.resources, list(monitor.resources))

    yield run
    settings.reset_options()
