"""What the bucket keeps of the files of a stack of one's own stays what the checkout has."""

import pytest

from tests.state.cloud import Place
from tests.state.copies import office
from tools.stack_copies.files import kept_again
from tools.state.registry import read_record

OWN = "dev-search-page"

__all__ = ["office"]


def test_a_file_that_a_command_has_changed_is_kept_anew(states: Place) -> None:
    desk, _ = office(states).without_engine()
    assert desk.make(OWN) == 0
    file = desk.file(OWN)
    file.write_text(file.read_text(encoding="utf-8") + "# rotated\n", encoding="utf-8")
    assert kept_again(OWN, desk.folder) is None
    record = read_record(states.objects, OWN)
    assert record is not None
    assert record.stack_file.endswith("# rotated\n")


def test_a_bucket_that_cannot_be_written_is_told_with_what_to_type(
    states: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, _ = office(states).without_engine()
    assert desk.make(OWN) == 0
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://socle-gone-123456789012?region=eu-west-3")
    assert str(kept_again(OWN, desk.folder)).endswith("`make extend STACK=dev-search-page` does")


def test_other_stacks_are_none_of_its_business(states: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://socle-gone-123456789012?region=eu-west-3")
    assert kept_again("staging", office(states).folder) is None
