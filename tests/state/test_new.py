"""`make new`, with the real engine on a bucket: what one gets, and what is refused."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from settings import parse, read_stack_file
from tests.state.cloud import PRODUCTION
from tests.state.copies import ADA, MARIE, OTHER_MARIE, Office, code_of
from tools import new
from tools.stack_copies.request import owner_of
from tools.state.person import Person
from tools.state.registry import read_record

Said = pytest.CaptureFixture[str]
PASSWORD = "registry-password-of-the-test"
TEAM = """\
config:
  aws:region: eu-west-3
  socle-bootstrap:owner: devu42
  socle-bootstrap:production: [prod, live]
  socle-bootstrap:stacks_per_person: 1
"""


def with_registry(desks: Office, stack: str, provider: str | None = None) -> None:
    """Give a stack a state and a secret that a copy needs."""
    desks.place.init(stack, *([provider] if provider else []))
    file = desks.file(stack)
    section = "  socle:registry:\n    server: registry.gitlab.com\n    username: deploy\n"
    file.write_text(file.read_text().replace("  socle:users_api:\n", f"{section}  socle:users_api:\n"))
    desks.place.must("config", "set", "--secret", "socle:registry_password", "--stack", stack, given=PASSWORD)


def team(desks: Office, text: str = TEAM) -> None:
    folder = desks.folder / "bootstrap"
    folder.mkdir()
    (folder / "Pulumi.team.yaml").write_text(text)


def test_a_stack_of_ones_own_has_its_own_state_addresses_owner_and_end(desks: Office, capsys: Said) -> None:
    with_registry(desks, "staging")
    assert desks.make("dev-search-page", ttl="8h", owner="ada-l") == 0
    said = capsys.readouterr().out
    settings = parse(read_stack_file(desks.file("dev-search-page")))
    assert settings.network
    assert (settings.owner, str(settings.network.cidr)) == ("ada-l", "10.64.0.0/16")
    assert said.startswith(f"dev-search-page: made from staging for {ADA.arn}\n")
    assert "  settings   Pulumi.dev-search-page.yaml, owner ada-l\n  addresses  10.64.0.0/16\n" in said
    assert f"  expires    {settings.expires}, in 8 h; `make extend` prolongs it\n" in said
    assert "  socle:database.instances: 2 -> 1\n" in said
    assert said.endswith("Next: `make up STACK=dev-search-page`; `make destroy` and `make remove` give it back.\n")
    # The state is the stack's own, under the key of the level of staging.
    document = yaml.safe_load(desks.file("dev-search-page").read_text())
    assert document["secretsprovider"] == "awskms://alias/socle-staging?region=eu-west-3"
    exported = json.loads(desks.place.must("stack", "export", "--stack", "dev-search-page"))
    assert exported["deployment"].get("resources") is None


def test_secrets_are_encrypted_anew_and_stand_nowhere_in_plain(desks: Office, capsys: Said) -> None:
    with_registry(desks, "staging")
    assert desks.make("dev-x") == 0
    said = capsys.readouterr()
    assert "  secrets    socle:registry_password, as staging has them\n" in said.out
    got = desks.place.must("config", "get", "socle:registry_password", "--stack", "dev-x")
    assert got.strip() == PASSWORD
    theirs, ours = (yaml.safe_load(desks.file(each).read_text()) for each in ("staging", "dev-x"))
    assert theirs["encryptedkey"] != ours["encryptedkey"]
    stored = [desks.objects.read(key) for key in desks.objects.keys("")]
    written = [each.body for each in stored if each] + [path.read_bytes() for path in desks.folder.glob("Pulumi.*")]
    assert not any(PASSWORD.encode() in each for each in [*written, said.out.encode(), said.err.encode()])


def test_secrets_that_one_may_not_read_are_left_out_and_listed(desks: Office, capsys: Said) -> None:
    with_registry(desks, "prod", PRODUCTION)
    # KMS gives no plain text to whoever may not use the key.
    file = desks.file("prod")
    file.write_text(re.sub(r"encryptedkey: .*", "encryptedkey: bm90aGluZw==", file.read_text()))
    assert desks.make("dev-x", "prod") == 0
    line = "  make secret STACK=dev-x KEY=socle:registry_password  (you cannot decrypt that of prod)\n"
    assert line in capsys.readouterr().out
    assert "registry_password" not in desks.file("dev-x").read_text()


def test_secrets_that_the_origin_never_had_are_listed(desks: Office, capsys: Said) -> None:
    file = desks.file("staging")
    file.write_text(file.read_text() + "  socle:registry: {server: registry.gitlab.com, username: deploy}\n")
    desk, _ = desks.without_engine()
    assert desk.make("dev-x") == 0
    assert "KEY=socle:registry_password  (needed by socle:registry)" in capsys.readouterr().out


def test_a_copy_runs_the_versions_that_its_origin_is_kept_on(desks: Office) -> None:
    (desks.folder / "versions").mkdir()
    (desks.folder / "versions" / "staging.yaml").write_text("# of staging\n")
    desk, _ = desks.without_engine()
    desk.make("dev-x")
    assert (desks.folder / "versions" / "dev-x.yaml").read_text() == "# of staging\n"
    record = read_record(desks.objects, "dev-x")
    assert record
    assert record.versions_file == "# of staging\n"


def test_people_who_make_stacks_at_once_get_ranges_of_their_own(desks: Office) -> None:
    desk, _ = desks.without_engine()
    people = [Person("1", f"arn:aws:iam::1:user/p{number}") for number in range(4)]

    def make(who: Person) -> int:
        return desk.of(who).make(f"dev-{who.name}")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(make, people)) == [0] * 4
    found = [parse(read_stack_file(desks.file(f"dev-{who.name}"))).network for who in people]
    assert len({str(each.cidr) for each in found if each}) == 4


def test_of_two_people_who_want_one_name_at_once_one_gets_it(desks: Office, capsys: Said) -> None:
    desk, _ = desks.without_engine()

    def make(who: Person) -> int:
        return desk.of(who).make("dev-x")

    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(make, (MARIE, OTHER_MARIE)))
    assert sorted(codes) == [0, 2]
    winner = (MARIE, OTHER_MARIE)[codes.index(0)]
    record = read_record(desks.objects, "dev-x")
    assert record
    assert record.person_arn == winner.arn
    # Both are called marie.
    assert f'expected a name that nobody has, got "dev-x": marie ({winner.arn}) has it since' in capsys.readouterr().err
    assert desks.own_keys() == ["stacks/dev-x.json", "slots/64.json"]


def test_two_terminals_of_one_person_do_not_make_one_stack_twice(desks: Office, capsys: Said) -> None:
    desk, engine = desks.without_engine()
    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(desk.make, ("dev-x", "dev-x")))
    assert sorted(codes) == [0, 2]
    assert sum(each.startswith("stack init") for each in engine.asked) == 1
    said = capsys.readouterr().err
    assert "dev-x: another `make new` is making it" in said or "dev-x: is yours already" in said


def test_the_quota_is_a_persons_not_a_names(desks: Office, capsys: Said) -> None:
    team(desks)
    desk, _ = desks.without_engine()
    marie = desk.of(MARIE)
    assert [marie.make("dev-a"), marie.make("dev-b"), desk.of(OTHER_MARIE).make("dev-c")] == [0, 2, 0]
    said = re.sub(r"\(expires in [^)]*\)", "(expires)", capsys.readouterr().err)
    assert said == (
        f"dev-b: {MARIE.arn} has dev-a (expires): bootstrap/Pulumi.team.yaml gives 1 to a person, "
        "`make destroy STACK=dev-a` and `make remove STACK=dev-a` make room\n"
    )
    assert desks.own_keys() == ["stacks/dev-a.json", "stacks/dev-c.json", "slots/64.json", "slots/65.json"]


def test_nobody_gets_more_than_the_quota_by_asking_twice_at_once(desks: Office) -> None:
    team(desks)
    desk, _ = desks.without_engine()
    with ThreadPoolExecutor(3) as pool:
        codes = list(pool.map(desk.make, ("dev-a", "dev-b", "dev-c")))
    assert codes.count(0) <= 1
    assert len([key for key in desks.own_keys() if key.startswith("stacks/")]) == codes.count(0)


@pytest.mark.parametrize("name", ["Dev", "dev page", "1dev", "dev-", "", "dev_x", "../prod", "x" * 17, "dév"])
def test_a_name_that_aws_would_not_take_is_refused_with_what_it_may_be(desks: Office, capsys: Said, name: str) -> None:
    assert desks.make(name) == 2
    assert capsys.readouterr().err == (
        "STACK: expected at most 16 lower-case letters, digits and inner hyphens, the first a letter, such as "
        f'dev-search-page, got "{name}"\n'
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("prod", 'got "prod": it is one of production\'s'),
        ("live", 'got "live": it is one of production\'s'),
        ("team", 'got "team": the bootstrap\'s own stack has it'),
        ("f1-vote", 'got "f1-vote", which has a file Pulumi.f1-vote.yaml'),
        ("r53", "socle:users_api.host would be api.r53.devu42.fr, which is socle:users_api.host of prod"),
    ],
)
def test_a_name_that_is_somebodys_is_refused(desks: Office, capsys: Said, name: str, reason: str) -> None:
    team(desks)
    assert desks.make(name) == 2
    assert reason in capsys.readouterr().err
    assert desks.own_keys() == []


def test_a_state_that_nobody_made_here_is_left_alone(desks: Office, capsys: Said) -> None:
    desks.place.init("mystery")
    desks.file("mystery").unlink()
    assert desks.make("mystery") == 2
    assert "whose state is in socle-state-123456789012 and which nobody made with `make new`" in capsys.readouterr().err


@pytest.mark.parametrize("ttl", ["8", "29m", "15d", "0h", "-1h", "8 h", "1w", "", "99999d"])
def test_a_lifetime_out_of_bounds_is_refused(desks: Office, capsys: Said, ttl: str) -> None:
    assert desks.make("dev-x", ttl=ttl) == 2
    assert capsys.readouterr().err == f'TTL: expected a time from 30m to 14d such as 8h, got "{ttl}"\n'


def test_an_origin_without_a_file_is_refused_with_those_that_have_one(desks: Office, capsys: Said) -> None:
    assert desks.make("dev-x", "stagign") == 2
    assert capsys.readouterr().err == (
        'FROM: expected a stack that has a file (f1-vote, prod, staging), got "stagign"\n'
    )


def broken(desks: Office, stack: str) -> None:
    file = desks.file(stack)
    file.write_text(file.read_text().replace("zones: 2", "zones: 9"))


def test_an_origin_that_is_wrong_is_refused_with_its_mistakes(desks: Office, capsys: Said) -> None:
    broken(desks, "staging")
    assert desks.make("dev-x") == 2
    assert capsys.readouterr().err.startswith("Pulumi.staging.yaml: socle:network.zones: expected")


def test_another_file_that_is_wrong_stops_it_because_its_range_could_be_anything(desks: Office, capsys: Said) -> None:
    broken(desks, "f1-vote")
    assert desks.make("dev-x") == 2
    assert "Pulumi.f1-vote.yaml is wrong, so nobody knows which addresses and names it has" in capsys.readouterr().err
    assert desks.own_keys() == []


def test_an_owner_that_no_tag_takes_is_refused_and_nothing_stays(desks: Office, capsys: Said) -> None:
    assert desks.make("dev-x", owner="Ada L") == 2
    assert "dev-x: a copy of staging would not be right: socle:owner: expected a name" in capsys.readouterr().err
    assert desks.own_keys() == []


@pytest.mark.parametrize(
    ("arn", "owner"),
    [
        ("arn:aws:iam::1:user/ada", "ada"),
        ("arn:aws:sts::1:assumed-role/dev/ada@devu42.fr", "ada@devu42.fr"),
        ("arn:aws:iam::1:user/a+b=c", "a-b-c"),
        ("arn:aws:iam::1:user/=", "unknown"),
    ],
)
def test_the_owner_is_whoever_asks_in_letters_that_a_tag_takes(arn: str, owner: str) -> None:
    assert owner_of(Person("1", arn)) == owner


def test_the_file_of_a_stack_comes_back_in_another_checkout(desks: Office, capsys: Said, tmp_path: Path) -> None:
    desk, _ = desks.without_engine()
    desk.make("dev-x")
    text = desks.file("dev-x").read_text()
    desks.file("dev-x").unlink()
    assert desk.make("dev-x") == 2
    assert "`make new STACK=dev-x RESTORE=1` writes its file here" in capsys.readouterr().err
    restore: Callable[[], None] = lambda: new.restore("dev-x", desk.means)  # noqa: E731 (said three times)
    assert code_of(restore) == 0
    assert desks.file("dev-x").read_text() == text
    assert f"Pulumi.dev-x.yaml is back, as ada ({ADA.arn}) made it from staging" in capsys.readouterr().out
    assert code_of(restore) == 2
    assert capsys.readouterr().err == "dev-x: Pulumi.dev-x.yaml is here already, nothing was changed\n"


def test_a_file_that_nobody_made_cannot_come_back(desks: Office, capsys: Said) -> None:
    assert code_of(lambda: new.restore("dev-y", desks.means)) == 2
    assert capsys.readouterr().err.startswith("dev-y: nobody made it with `make new`")


def test_a_stack_without_a_network_takes_no_range(desks: Office) -> None:
    site = {"aws:region": "eu-west-3", "socle:owner": "devu42", "socle:site": {"price_class": "PriceClass_All"}}
    desks.file("page").write_text(yaml.safe_dump({"config": site}))
    desk, _ = desks.without_engine()
    assert desk.make("dev-x", "page") == 0
    assert desks.own_keys() == ["stacks/dev-x.json"]
    assert read_stack_file(desks.file("dev-x"))["socle:site"] == (
        '{"delete_contents":true,"price_class":"PriceClass_100"}'
    )


def test_without_credentials_the_way_to_some_is_told(
    desks: Office, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    desk = replace(desks, means=replace(desks.means, objects=lambda: desks.place.objects))
    assert desk.make("dev-x") == 1
    assert "dev-x: no AWS credentials that work" in capsys.readouterr().err
