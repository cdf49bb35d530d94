import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
    load_ssh_private_key,
)

from rehearsal.tls_provider import SimulatedTls
from rehearsal.wire import UNKNOWN, Properties, to_struct
from rehearsal.world import World
from tests.rehearsal.simulation import CALLER, Requests, Stack

KEY = "tls:index/privateKey:PrivateKey"
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"
SSH_KEYGEN = shutil.which("ssh-keygen")
every_algorithm = pytest.mark.parametrize(
    ("inputs", "kind"),
    [
        ({"algorithm": "ED25519"}, ed25519.Ed25519PrivateKey),
        ({"algorithm": "RSA"}, rsa.RSAPrivateKey),
        ({"algorithm": "ECDSA", "ecdsaCurve": "P256"}, ec.EllipticCurvePrivateKey),
    ],
)


@pytest.fixture
def tls(world: World) -> Stack:
    return Stack(SimulatedTls(world, "pulumi-tls"))


@every_algorithm
def test_every_form_of_a_key_is_the_same_key(tls: Stack, inputs: Properties, kind: type) -> None:
    made = tls.create(KEY, "it", "", **inputs)
    keys: list[Any] = [
        load_pem_private_key(made[name].encode(), None) for name in ("privateKeyPem", "privateKeyPemPkcs8")
    ]
    keys.append(load_ssh_private_key(made["privateKeyOpenssh"].encode(), None))
    public: list[Any] = [load_pem_public_key(made["publicKeyPem"].encode()), *(key.public_key() for key in keys)]
    lines = {each.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() for each in public}
    assert lines == {made["publicKeyOpenssh"].strip()}
    assert all(isinstance(key, kind) for key in keys)


@pytest.mark.skipif(SSH_KEYGEN is None, reason="ssh-keygen is not installed")
def test_openssh_reads_the_key_and_its_fingerprint(tls: Stack, tmp_path: Path) -> None:
    made = tls.create(KEY, "it", "", algorithm="ED25519")
    file = tmp_path / "key"
    file.write_text(made["privateKeyOpenssh"])
    file.chmod(0o600)
    shown = subprocess.run([str(SSH_KEYGEN), "-y", "-f", file], capture_output=True, text=True, check=True).stdout
    assert shown.split()[:2] == made["publicKeyOpenssh"].split()
    listed = subprocess.run([str(SSH_KEYGEN), "-l", "-f", file], capture_output=True, text=True, check=True).stdout
    assert listed.split()[1] == made["publicKeyFingerprintSha256"]


def test_the_headers_are_those_of_the_real_provider(tls: Stack) -> None:
    heads = {
        algorithm: tls.create(KEY, algorithm, "", algorithm=algorithm)["privateKeyPem"].splitlines()[0]
        for algorithm in ("ED25519", "RSA", "ECDSA")
    }
    assert heads == {
        "ED25519": "-----BEGIN PRIVATE KEY-----",
        "RSA": "-----BEGIN RSA PRIVATE KEY-----",
        "ECDSA": "-----BEGIN EC PRIVATE KEY-----",
    }


def test_a_curve_that_ssh_does_not_know_has_no_form_for_it(tls: Stack) -> None:
    made = tls.create(KEY, "it", "", algorithm="ECDSA")
    assert (made["ecdsaCurve"], made["privateKeyOpenssh"], made["publicKeyOpenssh"]) == ("P224", "", "")


def test_the_size_of_an_rsa_key_is_what_was_asked_for(tls: Stack) -> None:
    made = tls.create(KEY, "it", "", algorithm="RSA", rsaBits=1024)
    key: Any = load_pem_private_key(made["privateKeyPem"].encode(), None)
    assert key.key_size == 1024


def test_two_keys_differ_and_their_ids_are_digests_of_them(tls: Stack) -> None:
    made = [tls.create(KEY, name, "", algorithm="ED25519") for name in ("one", "two")]
    assert made[0]["publicKeyPem"] != made[1]["publicKeyPem"]
    assert all(len(each["id"]) == len(hashlib.sha1(b"").hexdigest()) for each in made)  # noqa: S324 (its length)


@pytest.mark.parametrize("preview", [True, False])
def test_private_parts_are_secret_and_public_ones_are_not(tls: Stack, preview: bool) -> None:
    checked, _ = tls.check(KEY, "it", {"algorithm": "ED25519"})
    request: Any = Requests.CreateRequest(
        urn=f"urn:pulumi:test::socle::{KEY}::it", properties=to_struct(checked), preview=preview
    )
    fields = tls.provider.Create(request, CALLER).properties.fields
    hidden = {name for name in fields if SECRET_MARK in str(fields[name])}
    assert hidden == {"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"}


def test_any_change_draws_another_key(tls: Stack) -> None:
    tls.create(KEY, "it", "", algorithm="RSA")
    assert tls.diff(KEY, "it", "", algorithm="RSA", rsaBits=4096).replaces == {"rsaBits"}
    assert tls.diff(KEY, "it", "", algorithm="RSA").changed == {}


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({}, "algorithm: missing, it is required"),
        ({"algorithm": "DSA"}, "algorithm: expected one of RSA, ECDSA, ED25519, got 'DSA'"),
        ({"algorithm": "RSA", "rsaBits": 512}, "rsaBits: expected 1024 or more, got 512"),
        ({"algorithm": "ECDSA", "ecdsaCurve": "P1"}, "ecdsaCurve: expected one of P224, P256, P384, P521, got 'P1'"),
        ({"algoritm": "RSA", "algorithm": "RSA"}, "algoritm: unknown property algoritm, did you mean algorithm?"),
    ],
)
def test_inputs_that_the_provider_would_refuse_are_refused(tls: Stack, inputs: Properties, problem: str) -> None:
    assert tls.problems(KEY, inputs) == {problem}


def test_what_is_not_known_yet_is_not_judged(tls: Stack) -> None:
    assert tls.problems(KEY, {"algorithm": UNKNOWN, "rsaBits": UNKNOWN}) == set()


def test_certificates_are_stand_ins_with_the_dates_that_were_asked_for(tls: Stack) -> None:
    signed = tls.create(
        "tls:index/selfSignedCert:SelfSignedCert",
        "it",
        "",
        privateKeyPem="key",
        validityPeriodHours=24,
        allowedUses=["server_auth"],
        subject={"commonName": "example.org"},
    )
    assert signed["certPem"].startswith("-----BEGIN CERTIFICATE-----\n")
    assert signed["validityStartTime"] < signed["validityEndTime"]
    request = tls.create("tls:index/certRequest:CertRequest", "it", "", privateKeyPem="key")
    assert request["certRequestPem"].startswith("-----BEGIN CERTIFICATE REQUEST-----\n")
