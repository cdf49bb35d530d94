"""Secret values on their way through the simulated providers, with the real engine."""

import pytest

from tests.rehearsal.checkouts import Checkout
from tests.rehearsal.programs import STACK, write_program
from tests.rehearsal.secrets import drawn, search, stand_ins

pytestmark = pytest.mark.usefixtures("engine")

PROGRAM = """
drawn = random.RandomPassword("login", length=32, special=False)
token = random.RandomBytes("token", length=24)
space = kubernetes.core.v1.Namespace("shop", metadata={"name": "shop"}, opts=on_cluster)
secret = kubernetes.core.v1.Secret(
    "login",
    metadata={"name": "login", "namespace": space.metadata.name},
    string_data={"account": pulumi.Output.secret("shopkeeper"), "password": drawn.result},
    opts=on_cluster,
)
kubernetes.helm.v3.Release(
    "shop",
    name="shop",
    namespace=space.metadata.name,
    chart="oci://example.org/charts/shop",
    version="1.0.0",
    values={"auth": {"password": drawn.result, "existingSecret": secret.metadata.name}},
    opts=on_cluster,
)
given = {"apiKey": "0123456789abcdef" * 2, "appKey": "fedcba9876543210fedc" * 2}
keys = {name: pulumi.Output.secret(key) for name, key in given.items()}
datadog = pulumi.ProviderResource("datadog", "datadog", keys)
pulumi.CustomResource(
    "datadog:slack/channel:Channel",
    "alerts",
    {"accountName": "devu42", "channelName": "#alertes", "display": {"message": True}},
    pulumi.ResourceOptions(provider=datadog),
)
pulumi.export("url", pulumi.Output.concat("postgresql://shopkeeper:", drawn.result, "@database/shop"))
"""
KEYS = {"0123456789abcdef" * 2, "fedcba9876543210fedc" * 2}


def test_drawn_and_given_secrets_are_nowhere_in_plain_sight(checkout: Checkout) -> None:
    write_program(checkout, PROGRAM)
    first = checkout.must("preview", STACK)
    up = checkout.must("up", STACK)
    values = drawn(checkout, STACK) | KEYS
    assert "shopkeeper" in values
    assert len(values) == 7  # password, its hash, two forms of the token, the user's name, two keys
    assert search(checkout, STACK, values, first.output + up.output) == []
    assert up.result["outputs"] == {"url": "[secret]"}

    again = checkout.must("up", STACK)
    assert again.changes == {}
    assert drawn(checkout, STACK) | KEYS == values


def test_a_value_in_plain_sight_is_found_wherever_it_stands(checkout: Checkout) -> None:
    write_program(
        checkout,
        """
        space = kubernetes.core.v1.Namespace("shop", metadata={"name": "shop"}, opts=on_cluster)
        kubernetes.core.v1.ConfigMap(
            "careless",
            metadata={"name": "careless", "namespace": space.metadata.name},
            data={"password": "not-so-secret", "coded": "bm90LXNvLXNlY3JldA=="},
            opts=on_cluster,
        )
        pulumi.export("password", "not-so-secret")
        """,
    )
    up = checkout.must("up", STACK)
    found = search(checkout, STACK, ["not-so-secret"], up.output)
    assert {place.partition(":")[0] for place in found} >= {
        "the state's export",
        "the preview",
        "the stack's outputs",
        "result.json",
        "the output",
    }
    assert "the state's export: not… in base64" in found


def test_stand_ins_have_the_form_of_what_they_stand_for(checkout: Checkout) -> None:
    missing = {"secure": "v1:AAAAAAAAAAAAAAAA:BBBBBBBBBBBBBBBB"}
    write_program(checkout, "", **{f"socle:{key}": missing for key in ("datadog_api_key", "datadog_app_key")})
    preview = checkout.must("preview", STACK)
    found = stand_ins(checkout, STACK)
    assert {key: len(value) for key, value in found.items()} == {
        "socle:datadog_api_key": 32,
        "socle:datadog_app_key": 40,
    }
    assert search(checkout, STACK, found.values(), preview.output) == []
