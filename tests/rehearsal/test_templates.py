import re
from typing import Any

import pytest

from rehearsal.aws.templates import fill

VALUES = {"name": "web", "port": 80, "vpc": {"id": "vpc-1"}, "subnets": ["s-1", {"id": "s-2"}], "nothing": None}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("plain", "plain"),
        ("{name}", "web"),
        ("{port}", 80),
        ("{name}:{port}", "web:80"),
        ("{vpc.id}", "vpc-1"),
        ("{subnets[0]}", "s-1"),
        ("{subnets[1].id}", "s-2"),
        ("{subnets}", ["s-1", {"id": "s-2"}]),
        ("{subnets[7]}", None),
        ("{missing}", None),
        ("-{missing}-", "--"),
        ("{nothing}", None),
        ({"a": ["{name}", {"b": "{port}"}]}, {"a": ["web", {"b": 80}]}),
        (7, 7),
        (None, None),
    ],
)
def test_a_template_is_filled_at_any_depth(template: Any, filled: Any) -> None:
    assert fill(template, VALUES, "seed") == filled


@pytest.mark.parametrize(
    ("template", "pattern"),
    [
        ("vpc-{hex17}", r"vpc-[0-9a-f]{17}"),
        ("{digits10}", r"[0-9]{10}"),
        ("E{capitals13}", r"E[A-Z0-9]{13}"),
        ("{hex64}", r"[0-9a-f]{64}"),
    ],
)
def test_generated_ids_look_like_those_of_aws(template: str, pattern: str) -> None:
    assert re.fullmatch(pattern, fill(template, {}, "seed"))


def test_generated_ids_depend_on_the_seed_and_on_their_label_alone() -> None:
    vpc = fill("{hex17}", {}, "urn:vpc")
    assert vpc == fill("{hex17}", {"other": "values"}, "urn:vpc")
    assert len({vpc, fill("{hex17}", {}, "urn:other"), fill("{hex17-group}", {}, "urn:vpc")}) == 3
