"""Every entry of types.yaml, against pulumi_aws and AWS's schemas of Paris."""

import re
from typing import Any

import pytest

from rehearsal import signatures
from rehearsal.aws.catalogue import ResourceType, resource_type, resource_types
from rehearsal.aws.policies import GRAMMARS
from rehearsal.aws.schemas import regional_enum, resolve, schema_of
from rehearsal.aws.shape import shape
from rehearsal.wire import UNKNOWN, Properties

REGION = "eu-west-3"
GENERATED = re.compile(r"(hex|digits|capitals)\d+(-\w+)?")
GIVEN = {"account", "region", "id", "parent", "revision", "short"}

every = pytest.mark.parametrize("kind", resource_types().values(), ids=lambda kind: kind.token)
described = pytest.mark.parametrize(
    "kind", [kind for kind in resource_types().values() if kind.schema], ids=lambda kind: kind.token
)


def _nested(path: str) -> Properties:
    """Inputs that set this path alone."""
    value: Any = UNKNOWN
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


def _input_paths(kind: ResourceType) -> set[str]:
    return {
        *kind.names,
        *kind.groups,
        *kind.convert,
        *kind.policies,
        *kind.enums,
        *kind.allowed,
        *kind.references,
        *kind.replaces,
        *kind.updates,
        *kind.outside,
        *kind.defaults,
        *(name for name in (kind.name, kind.adopts) if name),
    }


def _fields(template: Any) -> set[str]:
    if isinstance(template, str):
        return {field.partition(".")[0].partition("[")[0] for field in re.findall(r"\{([^}]*)\}", template)}
    if not isinstance(template, dict | list):
        return set()
    inner: list[Any] = list(template.values() if isinstance(template, dict) else template)  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]
    return {field for item in inner for field in _fields(item)}


@every
def test_an_entry_names_a_type_of_pulumi_aws(kind: ResourceType) -> None:
    assert signatures.is_resource(kind.token)


@every
def test_an_entry_names_inputs_that_the_type_has(kind: ResourceType) -> None:
    wrong = {path: signatures.problems(kind.token, _nested(path)) for path in _input_paths(kind)}
    assert {path: problems for path, problems in wrong.items() if problems} == {}


@every
def test_an_entry_names_outputs_that_the_type_has(kind: ResourceType) -> None:
    named = {*kind.outputs, *kind.revised, *(path.partition(".")[0].partition("[")[0] for path in kind.identities)}
    assert named <= signatures.output_names(kind.token)


@every
def test_a_template_asks_for_nothing_that_is_not_there(kind: ResourceType) -> None:
    asked = {field for template in (kind.id, kind.arn or "", kind.outputs) for field in _fields(template)}
    unknown = {field for field in asked if not GENERATED.fullmatch(field)} - GIVEN
    assert unknown <= signatures.output_names(kind.token) | signatures.input_names(kind.token)


@every
def test_an_entry_refers_to_types_that_exist(kind: ResourceType) -> None:
    assert {type_ for type_ in kind.references.values() if ":" in type_} <= resource_types().keys()


@every
def test_a_list_of_regional_values_has_some_for_paris(kind: ResourceType) -> None:
    assert all(regional_enum(file, REGION) for file in kind.enums.values())


@every
def test_a_policy_has_a_grammar(kind: ResourceType) -> None:
    assert set(kind.policies.values()) <= set(GRAMMARS)


@described
def test_a_schema_is_published_for_paris(kind: ResourceType) -> None:
    assert schema_of(str(kind.schema), REGION)


@described
def test_every_name_of_an_entry_leads_to_a_place_of_the_schema(kind: ResourceType) -> None:
    schema = schema_of(str(kind.schema), REGION) or {}
    for path, target in kind.names.items():
        if target is None:
            continue
        result = shape(kind, schema, _nested(path))
        assert result.unmatched == [], path
        assert tuple(path.split(".")) in result.origin.values(), path


@described
def test_a_part_of_the_schema_that_an_entry_names_exists(kind: ResourceType) -> None:
    schema = schema_of(str(kind.schema), REGION) or {}
    top = resolve(schema, schema)["properties"]
    assert set(kind.constants) <= set(top)
    assert kind.within is None or "properties" in resolve(schema, top[kind.within])


def test_a_type_without_an_entry_is_known_by_its_signature_alone() -> None:
    queue = "aws:sqs/queue:Queue"
    assert resource_type(queue) == ResourceType(token=queue)
