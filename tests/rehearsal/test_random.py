import base64
import re
from typing import Any

import pytest

from rehearsal.random_provider import SimulatedRandom
from rehearsal.wire import UNKNOWN, Properties, to_struct
from rehearsal.world import World
from tests.rehearsal.simulation import CALLER, Requests, Stack

PASSWORD = "random:index/randomPassword:RandomPassword"
STRING = "random:index/randomString:RandomString"
ID = "random:index/randomId:RandomId"
BYTES = "random:index/randomBytes:RandomBytes"
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"


@pytest.fixture
def random(world: World) -> Stack:
    return Stack(SimulatedRandom(world, "pulumi-random"))


def test_a_password_has_the_length_and_the_characters_that_it_was_asked_for(random: Stack) -> None:
    made = random.create(PASSWORD, "login", "", length=40, special=False, upper=False, minNumeric=5)
    assert re.fullmatch(r"[a-z0-9]{40}", made["result"])
    assert len(re.findall(r"\d", made["result"])) >= 5
    assert re.fullmatch(r"\$2a\$10\$[./A-Za-z0-9]{53}", made["bcryptHash"])


def test_only_the_given_special_characters_are_drawn(random: Stack) -> None:
    made = random.create(
        STRING, "text", "", length=30, lower=False, upper=False, numeric=False, overrideSpecial="-_", special=True
    )
    assert set(made["result"]) <= {"-", "_"}
    assert made["id"] == made["result"]


def test_two_passwords_differ_in_value_and_id(random: Stack) -> None:
    first, second = (random.create(PASSWORD, name, "", length=32) for name in ("one", "two"))
    assert first["result"] != second["result"]
    assert first["id"] != second["id"]


@pytest.mark.parametrize(("type_", "hidden"), [(PASSWORD, {"result", "bcryptHash"}), (BYTES, {"base64", "hex"})])
def test_what_is_drawn_is_marked_secret_in_an_update_and_in_a_preview(
    random: Stack, type_: str, hidden: set[str]
) -> None:
    checked, _ = random.check(type_, "login", {"length": 16})
    for preview in (True, False):
        request: Any = Requests.CreateRequest(
            urn=f"urn:pulumi:test::socle::{type_}::login", properties=to_struct(checked), preview=preview
        )
        fields = random.provider.Create(request, CALLER).properties.fields
        assert {name for name in fields if SECRET_MARK in str(fields[name])} == hidden


def test_an_id_comes_in_all_its_forms(random: Stack) -> None:
    made = random.create(ID, "suffix", "", byteLength=4, prefix="web-")
    drawn = bytes.fromhex(made["hex"].removeprefix("web-"))
    assert len(drawn) == 4
    assert made["b64Std"] == f"web-{base64.b64encode(drawn).decode()}"
    assert made["dec"] == f"web-{int.from_bytes(drawn)}"
    assert f"web-{made['id']}" == made["b64Url"]


def test_what_is_drawn_is_unknown_in_a_preview(random: Stack) -> None:
    shown = random.preview(PASSWORD, "login", length=8)
    assert (shown["length"], shown["result"], shown["bcryptHash"]) == (8, UNKNOWN, UNKNOWN)


def test_any_change_draws_anew_and_the_new_one_comes_first(random: Stack) -> None:
    random.create(PASSWORD, "login", "", length=8, keepers={"edition": "1"})
    step = random.diff(PASSWORD, "login", "", length=9, keepers={"edition": "2"})
    assert step.replaces == {"length", "keepers"}
    assert not step.delete_first


def test_no_change_draws_nothing(random: Stack) -> None:
    random.create(PASSWORD, "login", "", length=8)
    assert random.diff(PASSWORD, "login", "", length=8).changed == {}


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"length": 0}, "length: expected 1 or more, got 0"),
        ({}, "length: missing, it is required"),
        ({"length": "long"}, "length: expected int, got 'long'"),
        ({"length": 8, "keepers": "x"}, "keepers: expected a map, got 'x'"),
        ({"lenght": 8, "length": 8}, "lenght: unknown property lenght, did you mean length?"),
        ({"length": 3, "minLower": 2, "minUpper": 2}, "length: expected at least the sum of the minima, 4"),
        (
            {"length": 3, "lower": False, "upper": False, "numeric": False, "special": False},
            "at least one of lower, upper, numeric and special has to be true",
        ),
        (
            {"length": 3, "special": False, "minSpecial": 1},
            "minSpecial: special is false, no such characters are drawn",
        ),
    ],
)
def test_inputs_that_the_provider_would_refuse_are_refused(random: Stack, inputs: Properties, problem: str) -> None:
    assert random.problems(PASSWORD, inputs) == {problem}


def test_a_length_that_is_not_known_yet_is_not_judged(random: Stack) -> None:
    assert random.problems(PASSWORD, {"length": UNKNOWN}) == set()


def test_a_type_that_the_rehearsal_does_not_have_is_refused_with_those_that_it_has(random: Stack) -> None:
    (problem,) = random.problems("random:index/randomUuid7:RandomUuid7", {})
    assert problem.startswith("the rehearsal does not know random:index/randomUuid7:RandomUuid7; it has RandomBytes, ")
    assert random.problems("random:index/dice:Dice", {}) == {
        "the provider's SDK has no resource type random:index/dice:Dice"
    }


def test_the_other_types_draw_what_they_promise(random: Stack) -> None:
    uuid = random.create("random:index/randomUuid:RandomUuid", "one")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid["result"])
    assert random.create("random:index/randomInteger:RandomInteger", "die", "", min=6, max=6)["result"] == 6
    mixed = random.create("random:index/randomShuffle:RandomShuffle", "mix", "", inputs=["a", "b", "c"], resultCount=2)
    assert len(set(mixed["results"]) & {"a", "b", "c"}) == 2
    assert re.fullmatch(
        r"[a-z]+-[a-z]+-[a-z]+", random.create("random:index/randomPet:RandomPet", "p", "", length=3)["id"]
    )
