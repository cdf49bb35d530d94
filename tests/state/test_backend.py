from pathlib import Path

import pytest

from tests.state.cloud import Place
from tools.state.backend import Backend, BackendRefused, backend_of, found_backend

GOOD = "s3://socle-state?region=eu-west-3"


def refused(address: str) -> str:
    with pytest.raises(BackendRefused) as error:
        backend_of(address)
    return str(error.value)


def test_an_address_names_bucket_region_folder_and_profile() -> None:
    assert backend_of("s3://socle-state/team?region=eu-west-3&profile=ada") == Backend(
        "socle-state", "eu-west-3", "team/", "ada"
    )


@pytest.mark.parametrize("address", [GOOD, "s3://socle-state/team?region=eu-west-3&profile=ada"])
def test_an_address_that_was_read_is_written_the_same(address: str) -> None:
    assert backend_of(address).url == address


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("s4://socle-state?region=eu-west-3", 'got "s4://socle-state?region=eu-west-3"'),
        ("socle-state", "`make bootstrap` makes the bucket"),
        ("s3://socle-state?regoin=eu-west-3", 'got "regoin"'),
        ("s3://socle-state", 'expected "?region=" with the region of the bucket'),
        ("s3://socle-state?region=paris", 'expected "?region=" with the region of the bucket'),
        ("s3://Socle_State?region=eu-west-3", 'got "Socle_State"'),
        ("s3://?region=eu-west-3", 'expected the name of a bucket after s3://, got ""'),
    ],
)
def test_a_mistyped_address_is_refused_with_what_was_wrong(address: str, reason: str) -> None:
    assert reason in refused(address)


def test_the_variable_comes_before_the_project_file_as_with_the_engine(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(f"name: socle\nbackend:\n  url: {GOOD}\n", encoding="utf-8")
    assert found_backend({}, tmp_path).bucket == "socle-state"
    assert found_backend({"PULUMI_BACKEND_URL": "s3://other-one?region=eu-west-3"}, tmp_path).bucket == "other-one"


def test_without_an_address_the_command_that_makes_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: socle\n", encoding="utf-8")
    with pytest.raises(BackendRefused, match=r"backend.url is missing.*`make bootstrap`"):
        found_backend({}, tmp_path)


def test_the_real_engine_keeps_its_state_where_we_look_for_it(states: Place) -> None:
    states.init("staging")
    stored = states.objects.read(states.backend.state_key("staging"))
    assert stored is not None
    assert b'"awskms://alias/socle-staging?region=eu-west-3"' in stored.body


def test_a_conditional_write_has_one_winner(states: Place) -> None:
    objects = states.objects
    first = objects.create("lease", b"one")
    assert first is not None
    assert objects.create("lease", b"two") is None
    assert objects.replace("lease", b"three", '"another"') is None
    assert objects.replace("lease", b"three", first) is not None
    assert objects.replace("lease", b"four", first) is None


def test_versions_of_one_object_come_newest_first_with_deletions(states: Place) -> None:
    objects = states.objects
    objects.write("state.json", b"1")
    objects.write("state.json", b"22")
    objects.write("state.json.bak", b"other")
    objects.delete("state.json")
    found = objects.versions("state.json")
    assert [(each.size, each.deleted, each.latest) for each in found] == [
        (0, True, True),
        (2, False, False),
        (1, False, False),
    ]
    assert objects.read("state.json") is None
    kept = objects.read("state.json", found[1].version)
    assert kept is not None
    assert kept.body == b"22"
