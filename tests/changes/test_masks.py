"""Secrets in texts and values."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.changes.masks import MASKED, Masks, is_secret_key, secrets_of

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----"
LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
ALL = st.text(LETTERS, min_size=40, max_size=40)
# No text of these tests has letters like them by chance.
WORDS = st.text("ÀÉÎ öü.,()\n", max_size=30)

TOKENS = st.one_of(
    ALL.map(lambda text: f"glrt-{text[:20]}"),
    ALL.map(lambda text: f"glpat-{text[:20]}"),
    ALL.map(lambda text: f"ghp_{text[:36]}"),
    ALL.map(lambda text: f"github_pat_{text[:30]}"),
    ALL.map(lambda text: f"AKIA{text[:16].upper()}"),
    ALL.map(lambda text: f"xoxb-{text[:24]}"),
    ALL.map(lambda text: f"eyJ{text[:12]}.eyJ{text[12:30]}.{text[30:]}"),
    ALL.map(lambda text: f"-----BEGIN OPENSSH PRIVATE KEY-----\n{text}\n-----END OPENSSH PRIVATE KEY-----"),
)


@given(TOKENS, WORDS, WORDS)
def test_a_token_is_masked_wherever_it_stands(token: str, before: str, after: str) -> None:
    masked = Masks().text(f"{before}{token}{after}")
    assert masked.startswith(f"{before}[masked")
    assert not [part for part in (token, token[8:24], *token.split("\n")) if part in masked]


@given(TOKENS, st.integers(min_value=1, max_value=2))
def test_a_token_is_masked_in_base64_too(token: str, times: int) -> None:
    coded = json.dumps({"value": token}).encode()
    for _ in range(times):
        coded = base64.b64encode(coded)
    assert Masks().text(f"data: {coded.decode()} end") == f"data: {MASKED} end"


@given(st.text(min_size=8, max_size=30).filter(lambda text: len(text.strip()) >= 8), WORDS, st.binary(max_size=7))
def test_a_given_secret_is_masked_plain_in_json_and_in_base64(secret: str, around: str, bytes_: bytes) -> None:
    masks = Masks([secret])
    assert secret not in masks.text(f"{around}{secret}{around}").replace(MASKED, "")
    coded = json.dumps(secret, ensure_ascii=False)[1:-1]
    if "\\u" not in coded and "\\r" not in coded and "\\b" not in coded and "\\f" not in coded:
        assert coded not in masks.text(f'{{"a": "{coded}"}}').replace(MASKED, "")
    whole = base64.b64encode(bytes_ + secret.encode("utf-8", "surrogatepass") + bytes_).decode()
    assert MASKED in masks.text(whole)


def test_a_long_secret_is_masked_line_by_line() -> None:
    masks = Masks(["first line of it\nsecond line of it\n"])
    assert masks.text("error near `second line of it`") == f"error near `{MASKED}`"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("the password is hunter2", f"the password is {MASKED}"),
        ("DB_PASSWORD=abc DB_USER=ada", f"DB_PASSWORD={MASKED} DB_USER=ada"),
        ('{"token": "a b c", "user": 1}', f'{{"token": "{MASKED}", "user": 1}}'),
        (r"{\"secret\": \"abc\", \"user\": 1}", rf"{{\"secret\": \"{MASKED}\", \"user\": 1}}"),
        ("postgres://ada:pw@host/db", f"postgres://ada:{MASKED}@host/db"),
        ("Authorization: Bearer abcdef1234567", f"Authorization: Bearer {MASKED}"),
        (f"x {PEM} y", "x [masked: RSA PRIVATE KEY] y"),
        (f"x {PEM[:50]}", "x [masked: RSA PRIVATE KEY]"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", MASKED),
        ("client-key-data: LS0tabc", f"client-key-data: {MASKED}"),
        ("id 04da6b54-80e4-46f7-96ec-b56ff0331ba9", "id (known after apply)"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, masked: str) -> None:
    assert Masks().text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "the password is required",
        "secretName: web-tls",
        "error: invalid token: unexpected end",
        "arn:aws:iam::123456789012:role/devu42-developer",
        "image@sha256:" + "a1" * 32,
        "3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
        "secret: [secret]",
        "the passwords are gone",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Masks().text(text) == text


@pytest.mark.parametrize("name", ["password", "dbPassword", "API_KEY", "client-key-data", "clientSecret", "userToken"])
def test_the_name_tells_a_secret(name: str) -> None:
    assert is_secret_key(name)


@pytest.mark.parametrize("name", ["secretName", "secretKeyRef", "tokenTtl", "existingSecret", "passwordPolicy", "key"])
def test_the_name_tells_what_is_only_about_a_secret(name: str) -> None:
    assert not is_secret_key(name)


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ({"password": "x", "user": "ada"}, {"password": MASKED, "user": "ada"}),
        ({"token": {"value": "x", "name": "n"}}, {"token": {"value": MASKED, "name": "n"}}),
        ({"env": [{"name": "DB_PASSWORD", "value": "x"}]}, {"env": [{"name": "DB_PASSWORD", "value": MASKED}]}),
        ({"env": [{"name": "DB_HOST", "value": "x"}]}, {"env": [{"name": "DB_HOST", "value": "x"}]}),
        ({"type": "SecureString", "value": "x"}, {"type": "SecureString", "value": MASKED}),
        ({"pinToken": 1234}, {"pinToken": MASKED}),
        ({"httpTokens": "required"}, {"httpTokens": "required"}),
        ({"automountServiceAccountToken": False}, {"automountServiceAccountToken": False}),
        ({"secret": "[secret]", "other": ["[secret]"]}, {"secret": "[secret]", "other": ["[secret]"]}),
        ({"password": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}, {"password": "(known after apply)"}),
    ],
)
def test_values_are_masked_by_their_place(value: Any, masked: Any) -> None:
    assert Masks().value(value) == masked


def test_everything_in_a_secret_of_kubernetes_is_masked() -> None:
    inputs = {"data": {"user": "YWRh"}, "stringData": {"a": "b"}, "metadata": {"name": "login"}}
    assert Masks().value(inputs, "kubernetes:core/v1:Secret") == {
        "data": {"user": MASKED},
        "stringData": {"a": MASKED},
        "metadata": {"name": "login"},
    }


def test_variables_with_secrets_are_known_by_their_names() -> None:
    environ = {
        "GITLAB_TOKEN": "glpat-of-the-job",
        "AWS_SECRET_ACCESS_KEY": "abcdefgh",
        "PASSWORD_FILE": "/run/x",
        "SHORT_TOKEN": "abc",
        "HOME": "/home/ada",
        "TOKEN_TYPE": "something",
    }
    assert sorted(secrets_of(environ)) == ["abcdefgh", "glpat-of-the-job"]
