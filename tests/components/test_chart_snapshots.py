"""The values of every chart, whole, as a person last read them: `pytest --snapshot-update` takes the new ones."""

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from components.pods import Values
from tests.components.chart_cases import CASES


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(values, id=f"{chart}-{label}")
        for chart, case in CASES.items()
        for label, values in case.rendered.items()
    ],
)
def test_the_values_of_a_chart_are_those_that_were_reviewed(values: Values, snapshot: SnapshotAssertion) -> None:
    assert values == snapshot(extension_class=JSONSnapshotExtension)
