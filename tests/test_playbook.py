"""When the machines are configured again."""

from pathlib import Path

import pytest

from stack.playbook import digest_of
from tools.setup import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "roles" / "k3s").mkdir(parents=True)
    (tmp_path / "site.yml").write_text("---\n")
    (tmp_path / "roles" / "k3s" / "main.yml").write_text("---\n")
    return tmp_path


def test_the_same_files_are_the_same_playbook_wherever_they_are(folder: Path, tmp_path_factory: pytest.TempPathFactory):
    copy = tmp_path_factory.mktemp("copy")
    (copy / "roles" / "k3s").mkdir(parents=True)
    (copy / "roles" / "k3s" / "main.yml").write_text("---\n")
    (copy / "site.yml").write_text("---\n")
    assert digest_of(copy) == digest_of(folder)
    assert len(digest_of(folder)) == 64


def test_another_content_name_place_or_file_is_another_playbook(folder: Path):
    seen = {digest_of(folder)}
    (folder / "site.yml").write_text("--- \n")
    seen.add(digest_of(folder))
    (folder / "site.yml").rename(folder / "other.yml")
    seen.add(digest_of(folder))
    (folder / "other.yml").rename(folder / "roles" / "other.yml")
    seen.add(digest_of(folder))
    (folder / "empty").touch()
    seen.add(digest_of(folder))
    assert len(seen) == 5


def test_what_passes_from_one_file_to_its_neighbour_is_a_change(tmp_path: Path):
    one, other = tmp_path / "one", tmp_path / "other"
    for where, (first, second) in {one: ("ab", "c"), other: ("a", "bc")}.items():
        where.mkdir()
        (where / "a").write_text(first)
        (where / "b").write_text(second)
    assert digest_of(one) != digest_of(other)


def test_caches_and_hidden_files_change_nothing(folder: Path):
    before = digest_of(folder)
    for name in ("callback/__pycache__/outcome.cpython-311.pyc", ".cache/facts", "roles/.main.yml.swp"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("cached")
    assert digest_of(folder) == before


def test_a_folder_that_is_missing_is_named(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="nowhere has no files"):
        digest_of(tmp_path / "nowhere")


def test_the_playbook_of_this_checkout_has_a_digest():
    assert digest_of(ROOT / "ansible") == digest_of(ROOT / "ansible")
