"""Simulated AWS: resources are what AWS's published schemas say that they are."""

import json
from functools import cache
from typing import Any

from rehearsal import signatures
from rehearsal.aws import lookups, machines, references, schemas
from rehearsal.aws.catalogue import ResourceType, resource_type
from rehearsal.aws.computed import computed
from rehearsal.aws.judgement import judge
from rehearsal.aws.shape import shape
from rehearsal.aws.templates import ACCOUNT, fill
from rehearsal.check import DEFAULTS, Checked, Declared, Problem, Refusal
from rehearsal.provider import SimulatedProvider
from rehearsal.wire import UNKNOWN, Path, Properties, is_object, object_in, without_indices
from rehearsal.world import Thing, World


class SimulatedAws(SimulatedProvider):
    """Checks each resource against AWS's schema of the region, and keeps it as AWS would."""

    def __init__(self, world: World, package: str) -> None:
        super().__init__(world, package)
        self._machines = machines.Machines(world)

    def check(self, declared: Declared, news: Properties, olds: Properties) -> Checked:
        kind = resource_type(declared.type)
        if not signatures.is_resource(declared.type):
            return Checked(news, [Problem("", f"pulumi_aws has no resource type {declared.type}")], {})
        inputs, filled = {**news}, set[str]()
        self._name(kind, declared, inputs, olds, filled)
        for key, value in kind.defaults.items():
            if key not in inputs:
                inputs[key] = value
                filled.add(key)
        _tag(declared, inputs)
        if filled:
            inputs[DEFAULTS] = sorted(filled)
        verdict = judge(kind, _region(declared.config, inputs), inputs, frozenset(filled))
        return Checked(inputs, verdict.problems, verdict.finding(declared.type))

    def replaces(self, type_: str, path: Path) -> bool:
        kind = resource_type(type_)
        plain = without_indices(path)
        if path[0] in kind.updates or plain in kind.updates:
            return False
        if path[0] in kind.replaces or plain in kind.replaces or path[0] == "region":
            return True
        return _is_create_only(type_, plain)

    def replaced_first(self, type_: str, olds: Properties, news: Properties) -> bool:
        name = resource_type(type_).name
        return name is not None and name in news and name not in news.get(DEFAULTS, []) and olds.get(name) == news[name]

    def imagine(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Properties:
        kind = resource_type(declared.type)
        if existing is not None:
            return _merged({**existing.outputs, **dict.fromkeys(kind.revised, UNKNOWN)}, _visible(inputs))
        nothing_known: Properties = {**dict.fromkeys(signatures.output_names(declared.type), UNKNOWN)}
        return _merged({**nothing_known, **_unknown(kind.outputs)}, _visible(inputs))

    def secret_outputs(self, type_: str) -> tuple[str, ...]:
        return tuple(resource_type(type_).secrets)

    def make(self, declared: Declared, inputs: Properties, existing: Thing | None) -> Thing:
        references.refuse_missing(self.world, declared.type, inputs, lookups.is_given)
        references.refuse_bad_neighbours(self.world, declared.type, inputs, existing.id if existing else None)
        machines.refuse(self.world, declared.type, inputs, _region(declared.config, inputs), existing)
        kind = resource_type(declared.type)
        seed = existing.seed if existing else self._seed(declared, inputs)
        values = self._values(kind, declared, inputs, existing, seed)
        taken = existing is None and self.world.get(declared.type, values["id"]) is not None
        if taken and not inputs.get("allowOverwrite"):
            raise Refusal(f"AlreadyExists: a {declared.type.rpartition(':')[2]} called {values['id']} exists already")
        made = _merged(values["computed"], fill(kind.outputs, values, seed))
        outputs = {"region": values["region"], **_merged(made, _visible(inputs)), "id": values["id"]}
        if kind.arn:
            outputs["arn"] = values["arn"]
        names = {str(fill(f"{{{name}}}", outputs, seed)) for name in kind.identities}
        names |= {str(value) for value in (values["arn"],) if value}
        return Thing(declared.type, values["id"], declared.urn, inputs, outputs, frozenset(names), seed)

    def _seed(self, declared: Declared, inputs: Properties) -> str:
        """What generated ids derive from: the URN, and the inputs while an older one of that URN still exists."""
        older = any(thing.urn == declared.urn for thing in self.world.of(declared.type))
        return f"{declared.urn}|{json.dumps(inputs, sort_keys=True)}" if older else declared.urn

    def _values(
        self, kind: ResourceType, declared: Declared, inputs: Properties, existing: Thing | None, seed: str
    ) -> Properties:
        """What the templates of a type may name."""
        region = _region(declared.config, inputs)
        made = computed(declared.type, inputs, seed)
        made |= self._machines.computed(declared.type, inputs, region, seed, existing)
        revision = int(existing.outputs.get(kind.revised[0], 0)) if existing and kind.revised else 0
        values: Properties = {
            **_visible(inputs),
            **made,
            "computed": made,
            "account": ACCOUNT,
            "region": region,
            "revision": revision + 1,
            "parent": self._adopted(kind, inputs).outputs if kind.adopts else {},
        }
        values["id"] = existing.id if existing else str(fill(kind.id, values, seed))
        values["arn"] = existing.outputs.get("arn") if existing else fill(kind.arn, values, seed)
        return values

    def release(self, thing: Thing) -> None:
        references.refuse_in_use(self.world, thing)

    def look_up(self, token: str, args: Properties, config: Properties) -> Properties:
        return lookups.answer(token, args, _region(config, args))

    def _name(
        self, kind: ResourceType, declared: Declared, inputs: Properties, olds: Properties, filled: set[str]
    ) -> None:
        if kind.name is None or inputs.get(kind.name) is not None or inputs.get(f"{kind.name}Prefix") is not None:
            return
        kept = olds.get(kind.name) if kind.name in olds.get(DEFAULTS, []) else None
        inputs[kind.name] = kept or declared.proposed_name or fill(f"{declared.name}-{{hex7}}", {}, declared.urn)
        filled.add(kind.name)

    def _adopted(self, kind: ResourceType, inputs: Properties) -> Thing:
        found = self.world.find(str(inputs[str(kind.adopts)]))
        if not found:
            raise Refusal(f"{kind.adopts}: {inputs[str(kind.adopts)]} does not exist")
        return found[0]


def _tag(declared: Declared, inputs: Properties) -> None:
    """Merge the provider's default tags, as the real provider does in its own check."""
    if "tagsAll" not in signatures.output_names(declared.type) or "tags" not in signatures.input_names(declared.type):
        return
    default: Any = declared.config.get("defaultTags") or {}
    if isinstance(default, str):
        default = json.loads(default)
    known = inputs.get("tags") is not UNKNOWN
    inputs["tagsAll"] = {**object_in(default, "tags"), **object_in(inputs, "tags")} if known else UNKNOWN


def _region(config: Properties, inputs: Properties) -> str:
    return str(inputs.get("region") or config.get("region") or "us-east-1")


def _merged(below: Properties, above: Properties) -> Properties:
    """Both, `above` first; objects are merged inside."""
    result = {**below}
    for key, value in above.items():
        under = below.get(key)
        if is_object(value) and is_object(under):
            result[key] = _merged(under, value)
        else:
            result[key] = value
    return result


def _unknown(template: Any) -> Any:
    """The shape of a template with every value unknown."""
    if is_object(template):
        return {str(key): _unknown(value) for key, value in template.items()}
    return UNKNOWN


def _visible(inputs: Properties) -> Properties:
    return {key: value for key, value in inputs.items() if key != DEFAULTS}


@cache
def _is_create_only(type_: str, plain: str) -> bool:
    """Whether AWS's schema lets a property be set at creation alone; `plain` is its path without indices."""
    kind = resource_type(type_)
    schema = schemas.schema_anywhere(kind.schema) if kind.schema and not kind.part else None
    if schema is None:
        return False
    inputs: Any = UNKNOWN
    for name in reversed(plain.split(".")):
        inputs = {name: inputs}
    places = [tuple(part for part in place if isinstance(part, str)) for place in shape(kind, schema, inputs).origin]
    return any(place[: len(fixed)] == fixed for place in places for fixed in schemas.create_only(schema))
