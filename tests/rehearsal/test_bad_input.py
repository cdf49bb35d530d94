"""What a command says when it cannot work, through the command line."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.rehearsal.checkouts import Checkout, Config, Done

Edit = Callable[[Config], object]


def _refusal(done: Done, code: int = 2) -> str:
    """What a command that refused has said."""
    assert done.code == code, done.output
    assert "Traceback" not in done.output
    return done.output.strip()


def _without(key: str) -> Edit:
    return lambda config: config.pop(key)


def _elsewhere(config: Config) -> None:
    config["aws:region"] = "eu-west-9"


def _in(section: str, **settings: Any) -> Edit:
    return lambda config: config[f"socle:{section}"].update(settings)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        pytest.param(
            _in("network", reserved_cidrs=["10.30.128.0/20"]),
            'socle:network.reserved_cidrs: expected ranges that do not overlap cidr "10.30.0.0/16", got '
            '"10.30.128.0/20"',
            id="overlapping ranges",
        ),
        pytest.param(
            _without("aws:region"),
            'aws:region: missing, expected an AWS region such as eu-west-3, set it with "pulumi config set aws:region '
            'eu-west-3"',
            id="no region",
        ),
        pytest.param(
            _in("site", domain="www staging.devu42.fr"),
            'socle:site.domain: expected a domain name such as example.org, got "www staging.devu42.fr"',
            id="a space in a domain",
        ),
        pytest.param(
            _elsewhere,
            'aws:region: expected an AWS region such as eu-west-3, got "eu-west-9"',
            id="no such region",
        ),
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(checkout: Checkout, edit: Edit, sentence: str) -> None:
    checkout.edit("staging", edit)
    assert _refusal(checkout.run("preview", "staging")) == sentence
    assert not checkout.workspace("staging").folder.exists()


def test_five_mistakes_are_refused_in_five_sentences(checkout: Checkout) -> None:
    def spoil(config: Config) -> None:
        config["socle:network"] |= {"zones": "two", "egres": "nat-gateway"}
        config["socle:cluster"]["log_retention_days"] = 8
        config["socle:site"]["price_class"] = "cheap"
        config["socle:owener"] = "me"

    checkout.edit("prod", spoil)
    sentences = _refusal(checkout.run("up", "prod")).splitlines()
    assert {sentence.partition(": ")[0] for sentence in sentences} == {
        "socle:network.zones",
        "socle:network.egres",
        "socle:cluster.log_retention_days",
        "socle:site.price_class",
        "socle:owener",
    }
    assert len(sentences) == 5


def test_a_stack_that_does_not_exist_is_refused_with_those_that_do(checkout: Checkout) -> None:
    assert _refusal(checkout.run("up", "stagin")) == (
        'Pulumi.stagin.yaml: no such file, stacks that have one: "f1-vote", "prod", "staging"'
    )


def test_a_folder_that_cannot_be_written_is_named_with_the_way_out(checkout: Checkout) -> None:
    (checkout.folder / ".rehearsal").write_text("a file where a folder belongs")
    said = _refusal(checkout.run("preview", "staging"))
    assert f"cannot write to {checkout.folder}/.rehearsal" in said
    assert "then run the command again" in said
    assert len(said.splitlines()) == 1


@pytest.mark.usefixtures("engine")
def test_an_instance_type_of_another_region_is_refused_by_the_cloud(checkout: Checkout) -> None:
    def choose(config: Config) -> None:
        config["socle:cluster"]["node_groups"]["main"]["instance_types"] = ["t4g.large", "c8gd.large"]

    checkout.edit("prod", choose)
    said = _refusal(checkout.run("preview", "prod"), code=1)
    assert "instanceTypes[1]: c8gd.large is not offered in eu-west-3" in said
    assert said.endswith("the engine stopped: correct the cause above and run again; what exists is in the state")


def test_a_stack_name_that_the_engine_would_refuse_is_refused_before_it_starts(checkout: Checkout) -> None:
    checkout.stack_file("staging").rename(checkout.stack_file("a b"))
    assert _refusal(checkout.run("preview", "a b")) == (
        '"a b": expected a stack name of letters, digits, hyphens, underscores and periods'
    )
