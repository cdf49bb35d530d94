# pyright: basic, reportMissingImports=false
# (pulumi-policy is in policy/.venv, apart from the program's packages)
"""The rules as a policy pack, with which the engine itself stops `pulumi up`, whoever types it."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import policy as sdk
from pulumi_policy.proxy import UnknownValueError

from policy import exemptions, pending
from policy.rules import evaluation
from policy.rules.catalogue import rules
from policy.rules.model import UNKNOWN, Context, Resource, ResourceCheck, Rule, StackCheck
from policy.rules.values import newest, read

NAME = "socle"
_WHOLE = "-stack"
_TEAM = Path(__file__).parents[1] / "bootstrap" / "Pulumi.team.yaml"


def plain(props: Any) -> Any:
    """Inputs out of the wrapper that raises at each value that is not known."""
    if isinstance(props, Mapping):
        return {key: _entry(props, key) for key in props}
    if isinstance(props, Sequence) and not isinstance(props, str | bytes):
        return [_entry(props, index) for index in range(len(props))]
    return read(props)


def _entry(props: Any, key: Any) -> Any:
    try:
        return plain(props[key])
    except UnknownValueError:
        return UNKNOWN


@dataclass
class Told:
    """What the engine tells of the stack, which it does before it asks for the policies."""

    stack: str = ""
    previewing: bool = False
    """Whether nothing is made yet, so that some values are not known."""
    config: dict[str, Any] = field(default_factory=dict)
    """Full keys, structures read."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """Of each resource that was looked at by itself, by URN: what comes later for all together are outputs, of which a
    preview knows fewer."""

    @property
    def context(self) -> Context:
        """What rules know of it."""
        team = yaml.safe_load(_TEAM.read_text(encoding="utf-8")) if _TEAM.is_file() else {}
        production = ((team or {}).get("config") or {}).get("socle-bootstrap:production") or ["prod"]
        registry = self.config.get("socle:registry") or {}
        return Context(
            stack=self.stack,
            production=self.stack in production,
            today=datetime.now(UTC).date(),
            expires=bool(self.config.get("socle:expires")),
            registries=frozenset({registry["server"]} if registry.get("server") else ()),
        )

    def hear(self, stack: str, config: Mapping[str, str], *, previewing: bool) -> None:
        """Take what the engine says."""
        self.stack = stack
        self.previewing = previewing
        self.config = {key: _read(value) for key, value in config.items()}

    def report(self, results: Iterable[evaluation.Result], report: Callable[[str, str | None], None]) -> list[str]:
        """Report what counts; what is not known of the rest."""
        found = list(results)
        broken = [each for each in found if isinstance(each, evaluation.Found)]
        allowed = exemptions.read(self.config.get("socle:policy_exemptions") or [])
        for judged in exemptions.judge(broken, allowed, self.context.today):
            if isinstance(judged, exemptions.Judged):
                resource = judged.found.resource
                report(f"{judged.message}. {judged.found.rule.remedy}", resource.urn if resource else None)
        waiting = [each for each in found if isinstance(each, evaluation.Unevaluated)]
        if self.previewing:
            _keep(waiting)
        return [each.unknown for each in waiting]


def _keep(waiting: Iterable[evaluation.Unevaluated]) -> None:
    """Write down what is not known before the update, where somebody asks for it."""
    file = os.environ.get(pending.VARIABLE)
    if file:
        pending.write(Path(file), waiting)


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _single(rule: Rule, told: Told) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        one = Resource(
            type=newest(args.resource_type),
            name=args.name,
            inputs=plain(args.props),
            urn=args.urn,
            protect=bool(args.opts.protect),
        )
        told.inputs[args.urn] = one.inputs
        _skip(args, told.report(evaluation.of_resource(one, told.context, [rule]), report))

    return ResourceValidationPolicy(name=rule.id, description=rule.title, validate=validate)


def _whole(rule: Rule, told: Told) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [_resource(each, told) for each in args.resources]
        _skip(args, told.report(evaluation.of_stack(resources, told.context, [rule]), report))

    return StackValidationPolicy(name=f"{rule.id}{_WHOLE}", description=rule.title, validate=validate)


def _skip(args: Any, unknown: Sequence[str]) -> None:
    if unknown:
        args.not_applicable(f"not evaluated, for want of {', '.join(unknown)}")


def _resource(given: PolicyResource, told: Told) -> Resource:
    return Resource(
        type=newest(given.resource_type),
        name=given.name,
        inputs=told.inputs[given.urn] if given.urn in told.inputs else plain(given.props),
        urn=given.urn,
        parent=given.parent.urn if given.parent else "",
        links={key: tuple(one.urn for one in made) for key, made in given.property_dependencies.items()},
        protect=bool(given.opts.protect),
    )


def policies(told: Told) -> list[Policy]:
    """A policy for the checks of each rule on single resources, and one for those on all of them."""
    singles = [rule for rule in rules() if any(isinstance(each, ResourceCheck) for each in rule.checks)]
    wholes = [rule for rule in rules() if any(isinstance(each, StackCheck) for each in rule.checks)]
    return [*(_single(rule, told) for rule in singles), *(_whole(rule, told) for rule in wholes)]


def configured(told: Told, made: Sequence[Policy]) -> type[sdk._PolicyAnalyzerServicer]:
    """The server of pulumi-policy, which also hears of which stack the engine speaks, and is as strict as it asks.

    pulumi-policy 1.21.0, which is pinned, keeps only the stack's tags of that message:
    https://github.com/pulumi/pulumi/blob/v3.250.0/proto/pulumi/analyzer.proto
    """
    levels = {rule.id: rule for rule in rules()}

    class Servicer(sdk._PolicyAnalyzerServicer):
        def ConfigureStack(self, request: Any, context: Any) -> Any:  # noqa: N802 (the protocol's name)
            told.hear(request.stack, dict(request.config), previewing=request.dry_run)
            _keep(())
            for policy in made:
                rule = levels[policy.name.removesuffix(_WHOLE)]
                policy.enforcement_level = EnforcementLevel(rule.level(told.context))
            return super().ConfigureStack(request, context)

    return Servicer


def serve() -> None:
    """Answer the engine until it is done."""
    told = Told()
    made = policies(told)
    sdk._PolicyAnalyzerServicer = configured(told, made)
    PolicyPack(name=NAME, policies=made)
