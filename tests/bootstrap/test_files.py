"""Changes of the YAML files: one value at a time, all else to the character."""

import shutil
from pathlib import Path

import pytest
import yaml

from tools.bootstrapping import files
from tools.setup import ROOT

URL = "s3://socle-state-123456789012?region=eu-west-3"
SEALED = "secretsprovider: awskms://alias/socle-staging?region=eu-west-3\nencryptedkey: abc\n"


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.staging.yaml"
    file.write_text(
        "# About this stack.\nconfig:\n  aws:region: eu-west-3\n  # Who.\n  socle:owner: ada # her\n"
        '  socle:high_availability: false\n  socle:list: [a, "b"]\n  socle:token:\n    secure: v1:x\n',
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize("path", ["Pulumi.yaml", "bootstrap/Pulumi.yaml"])
def test_the_backend_comes_and_goes_without_a_trace(tmp_path: Path, path: str) -> None:
    file = tmp_path / "Pulumi.yaml"
    shutil.copy(ROOT / path, file)
    files.drop_backend(file)
    before = file.read_text("utf-8")
    files.write_backend(file, URL)
    assert files.backend_url(file) == URL
    assert file.read_text("utf-8").replace(f"backend:\n  url: {URL}\n\n", "") == before
    files.write_backend(file, URL)
    files.drop_backend(file)
    assert file.read_text("utf-8") == before
    assert files.backend_url(file) is None


def test_an_address_that_is_there_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.yaml"
    file.write_text("name: socle\nbackend:\n  # where\n  url: file://~\nruntime: python\n", encoding="utf-8")
    files.write_backend(file, URL)
    assert file.read_text("utf-8") == f"name: socle\nbackend:\n  # where\n  url: {URL}\nruntime: python\n"


def test_a_value_is_written_behind_its_neighbour_in_quotes(stack_file: Path) -> None:
    before = stack_file.read_text("utf-8")
    files.write_value(stack_file, "socle:account_id", "012345678901", after="socle:owner")
    after = stack_file.read_text("utf-8")
    assert after == before.replace("ada # her\n", 'ada # her\n  socle:account_id: "012345678901"\n')
    assert files.stack_value(stack_file, "socle:account_id") == "012345678901"
    files.write_value(stack_file, "socle:account_id", "123456789012", after="socle:owner")
    assert stack_file.read_text("utf-8") == after.replace("012345678901", "123456789012")


def test_a_file_without_settings_gets_its_first(tmp_path: Path) -> None:
    for number, text in enumerate(("", "config:\n", "config: {}\n")):
        file = tmp_path / f"Pulumi.{number}.yaml"
        file.write_text(text, encoding="utf-8")
        files.write_value(file, "socle:account_id", "1", after="socle:owner")
        assert yaml.safe_load(file.read_text("utf-8")) == {"config": {"socle:account_id": "1"}}


def test_the_engine_changes_the_provider_and_nothing_else(stack_file: Path) -> None:
    before = stack_file.read_text("utf-8")
    with files.as_written(stack_file):
        # As the engine writes: every number and truth value in quotes.
        stack_file.write_text(before.replace("false", '"false"').replace("# Who.\n", "\n") + SEALED, encoding="utf-8")
    assert stack_file.read_text("utf-8") == before + SEALED
    assert files.provider_of(stack_file) == "awskms://alias/socle-staging?region=eu-west-3"
    with pytest.raises(RuntimeError), files.as_written(stack_file):
        stack_file.write_text(before + "encryptionsalt: v1:salt\n", encoding="utf-8")
        raise RuntimeError
    assert stack_file.read_text("utf-8") == before + "encryptionsalt: v1:salt\n"
    assert files.provider_of(stack_file) == "passphrase"


def test_the_provider_can_be_taken_out(stack_file: Path) -> None:
    before = stack_file.read_text("utf-8")
    stack_file.write_text(before + SEALED, encoding="utf-8")
    files.drop_provider(stack_file)
    assert stack_file.read_text("utf-8") == before
    assert files.provider_of(stack_file) is None
    files.drop_provider(stack_file)
    assert stack_file.read_text("utf-8") == before


def test_sealed_values_are_named_and_plain_ones_are_not(stack_file: Path) -> None:
    assert files.sealed_keys(stack_file) == ["socle:token"]
