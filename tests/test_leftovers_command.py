"""The command that lists what is left: its forms, its sentences, its exit codes."""

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
import typer
from botocore import exceptions
from typer.testing import CliRunner

from tests.moto_account import PARIS, TAGS, empty_account, volume
from tools import leftovers, prices
from tools.account import explain
from tools.costing.price_table import PriceTable, read_prices
from tools.left.item import Item
from tools.owner import read_owner


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account."""
    with empty_account(monkeypatch):
        yield


def invoke(*arguments: str) -> Any:
    app = typer.Typer()
    app.command()(leftovers.main)
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def test_the_command_says_that_nothing_is_left_and_succeeds() -> None:
    done = invoke("staging")
    assert (done.exit_code, done.stdout) == (0, "staging: nothing is left in AWS (eu-west-3 and what has no region)\n")


def test_the_command_prints_the_sum_and_what_deletes_each_and_fails() -> None:
    tags = [TAGS[0], {"Key": "stack", "Value": "staging"}]
    made = [volume(tags), volume(tags, VolumeType="io2", Iops=100)]
    done = invoke("staging")
    assert done.exit_code == 1
    assert "2 things are left, 1.86 USD a month, and 1 of unknown price" in done.stdout
    assert "20 GiB io2, a kind that our table lacks" in done.stdout
    for each in made:
        assert f"  aws ec2 delete-volume --volume-id {each} --region eu-west-3\n" in done.stdout


def test_the_json_form_has_every_item_and_the_sum() -> None:
    made = volume([TAGS[0], {"Key": "stack", "Value": "staging"}])
    done = invoke("staging", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {
        "stack": "staging",
        "region": "eu-west-3",
        "left": [
            {
                "type": "ec2:volume",
                "id": made,
                "region": "eu-west-3",
                "name": "",
                "reason": "tags project=socle, stack=staging",
                "command": f"aws ec2 delete-volume --volume-id {made} --region eu-west-3",
                "usd_a_month": pytest.approx(1.856),
                "price_basis": "20 GiB gp3",
            }
        ],
        "usd_a_month": 1.86,
        "without_a_known_price": 0,
    }


def test_a_stack_that_has_no_file_is_refused_unless_a_region_is_given() -> None:
    done = invoke("stagin")
    assert (done.exit_code, done.stderr) == (
        2,
        'Pulumi.stagin.yaml: no such file, stacks that have one: "f1-vote", "prod", "staging"\n',
    )
    assert invoke("stagin", "--region", PARIS).exit_code == 0


def test_missing_credentials_are_told_in_a_sentence_with_the_next_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> list[Item]:
        raise exceptions.NoCredentialsError

    monkeypatch.setattr(leftovers, "find", refuse)
    done = invoke("staging")
    assert done.exit_code == 1
    assert done.stderr == (
        "staging: no AWS credentials that work (Unable to locate credentials): run `aws sso login` or `aws configure`, "
        "see with `aws sts get-caller-identity` who you are, then `make leftovers STACK=staging`\n"
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredToken", "AWS refuses the credentials (ExpiredToken): run `aws sso login`"),
        ("UnauthorizedOperation", "these credentials may not DescribeVolumes (UnauthorizedOperation): take a role"),
        ("InternalError", "AWS failed at DescribeVolumes ("),
    ],
)
def test_each_refusal_of_aws_is_one_sentence(code: str, said: str) -> None:
    error = exceptions.ClientError(cast(Any, {"Error": {"Code": code, "Message": "no."}}), "DescribeVolumes")
    assert explain(error, "again").startswith(said)
    assert "\n" not in explain(error, "again")
    assert explain(error, "again").endswith("`again`")


def test_the_prices_are_those_of_the_region_of_both_stacks() -> None:
    assert {read_owner(stack).region for stack in ("staging", "prod")} == {prices.REGION}


def test_an_owner_knows_the_names_of_its_settings() -> None:
    owner = read_owner("staging")
    assert (owner.cluster, owner.dns_owner, owner.zone) == ("socle-staging", "socle-staging", "devu42.fr")
    assert owner.hosts["www.staging.devu42.fr"] == owner.certified["www.staging.devu42.fr"] == "socle:site.domain"


def test_a_table_of_prices_that_cannot_be_read_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    volume([TAGS[0], {"Key": "stack", "Value": "staging"}])
    monkeypatch.setattr(prices, "REGION", "eu-central-9")
    done = invoke("staging", "--region", "eu-west-3")
    assert done.exit_code == 2
    assert done.stderr.startswith("aws:region: there is no table of prices for eu-central-9")


def test_a_price_that_the_table_lacks_is_told_by_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    volume([TAGS[0], {"Key": "stack", "Value": "staging"}])
    whole = read_prices(prices.REGION)

    def without(region: str) -> PriceTable:
        return whole.model_copy(update={"region": region, "prices": {}})

    monkeypatch.setattr(prices, "read_prices", without)
    monkeypatch.setattr(prices, "REGION", "eu-central-8")
    done = invoke("staging")
    assert done.exit_code == 2
    assert re.fullmatch(
        r"costs/prices/eu-central-8\.yaml: prices\.ebs\.gp3\S*: expected a price, got none: `make prices` renews it\n",
        done.stderr,
    )
