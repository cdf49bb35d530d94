import pytest
import yaml

from tools.stack_copies.document import Document, literal
from tools.stack_copies.refused import StackRefused

TEXT = """\
# head
config:
  aws:region: eu-west-3  # Paris
  # of the network
  socle:network:
    cidr: 10.30.0.0/16
    # two
    zones: 2

  # of the site
  socle:site: {price_class: "PriceClass_100"}
  socle:list:
    - one # first
    - two
  socle:empty:
  # of the end
  socle:last: |
    several
    lines
"""


def document(text: str = TEXT) -> Document:
    return Document(text, "Pulumi.x.yaml")


def test_a_value_changes_and_everything_else_stays() -> None:
    edited = document()
    edited.put("10.64.0.0/16", "config", "socle:network", "cidr")
    edited.put("eu-west-1", "config", "aws:region")
    expected = TEXT.replace("10.30.0.0/16", "10.64.0.0/16").replace("eu-west-3", "eu-west-1")
    assert edited.text == expected


def test_a_new_key_comes_last_in_its_mapping_before_the_next_comment() -> None:
    edited = document()
    edited.put(True, "config", "socle:network", "flag")
    assert edited.text == TEXT.replace("    zones: 2\n", "    zones: 2\n    flag: true\n")


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (("socle:site", "more"), '{price_class: "PriceClass_100"}', '{more: 1, price_class: "PriceClass_100"}'),
        (("socle:empty",), "socle:empty:\n", "socle:empty: 1\n"),
        (("socle:list",), "\n    - one # first\n    - two\n", " 1\n"),
    ],
)
def test_a_value_in_another_style_is_written_too(path: tuple[str, ...], old: str, new: str) -> None:
    edited = document()
    edited.put(1, "config", *path)
    assert edited.text == TEXT.replace(old, new)
    assert edited.get("config", *path) == 1


def test_a_key_is_added_after_a_text_of_several_lines() -> None:
    edited = document()
    edited.put("2026-12-24T18:00:00Z", "config", "socle:expires")
    assert edited.text == f'{TEXT}  socle:expires: "2026-12-24T18:00:00Z"\n'


def test_a_section_goes_with_its_comment_and_leaves_the_next_ones() -> None:
    edited = document()
    edited.remove("config", "socle:network")
    start, end = TEXT.index("  # of the network"), TEXT.index("\n  # of the site")
    assert edited.text == TEXT[:start] + TEXT[end:]
    edited.remove("config", "socle:nothing")
    assert edited.text == TEXT[:start] + TEXT[end:]


def test_a_file_without_a_last_newline_gets_one() -> None:
    edited = document("config:\n  a: 1")
    edited.put(2, "config", "b")
    assert edited.text == "config:\n  a: 1\n  b: 2\n"


def test_what_cannot_be_edited_is_refused_with_the_file() -> None:
    edited = document()
    with pytest.raises(StackRefused, match=r"Pulumi.x.yaml: config.socle:site.price_class is in braces"):
        edited.remove("config", "socle:site", "price_class")
    with pytest.raises(StackRefused, match=r"Pulumi.x.yaml: config.aws:region: expected a mapping"):
        edited.put(1, "config", "aws:region", "name")


@pytest.mark.parametrize(
    "value",
    [
        *("on", "yes", "null", "none", "007", "1e3", "0x1f", "12:30", "2026-12-24T18:00:00Z", "a: b", "", "é"),
        *("10.64.0.0/16", "ada", "ada@home", "*.x.org", "api.x.org", "1Gi"),
        *(True, 3, ["a", "*.b"], {"delete_snapshots": True}),
    ],
)
def test_every_value_is_read_as_it_was_written(value: object) -> None:
    assert yaml.safe_load(f"key: {literal(value)}\n") == {"key": value}
