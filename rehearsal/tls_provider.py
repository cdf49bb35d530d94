"""Simulated `tls` provider: keys are real ones, drawn at creation, and opened by nothing but this rehearsal."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from rehearsal.check import Problem
from rehearsal.small_provider import Kind, Made, SmallProvider
from rehearsal.wire import UNKNOWN, Properties
from rehearsal.world import World

Key = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_CURVES: Final[dict[str, Callable[[], ec.EllipticCurve]]] = {
    "P224": ec.SECP224R1,
    "P256": ec.SECP256R1,
    "P384": ec.SECP384R1,
    "P521": ec.SECP521R1,
}
# What the provider takes when the program says nothing:
# https://registry.terraform.io/providers/hashicorp/tls/latest/docs/resources/private_key
_RSA_BITS: Final = 2048
_CURVE: Final = "P224"
_CURVE_WITHOUT_SSH: Final = "P224"
_ALGORITHMS: Final = ("RSA", "ECDSA", "ED25519")
# The cryptography package draws no weaker one.
_FEWEST_BITS: Final = 1024


class SimulatedTls(SmallProvider):
    """Draws real key pairs; certificates are stand-ins, which no program can read."""

    def __init__(self, world: World, package: str) -> None:
        super().__init__(world, package, _KINDS)


def _check_key(inputs: Properties) -> Iterator[Problem]:
    algorithm, curve, bits = (inputs.get(name) for name in ("algorithm", "ecdsaCurve", "rsaBits"))
    if algorithm is not UNKNOWN and algorithm not in _ALGORITHMS:
        yield Problem("algorithm", f"expected one of {', '.join(_ALGORITHMS)}, got {algorithm!r}")
    if curve not in (None, UNKNOWN, *_CURVES):
        yield Problem("ecdsaCurve", f"expected one of {', '.join(_CURVES)}, got {curve!r}")
    if bits not in (None, UNKNOWN) and int(bits) < _FEWEST_BITS:
        yield Problem("rsaBits", f"expected {_FEWEST_BITS} or more, got {bits}")


def _draw(inputs: Properties) -> Key:
    if inputs["algorithm"] == "ED25519":
        return ed25519.Ed25519PrivateKey.generate()
    if inputs["algorithm"] == "RSA":
        return rsa.generate_private_key(65537, int(inputs.get("rsaBits", _RSA_BITS)))
    return ec.generate_private_key(_CURVES[inputs.get("ecdsaCurve", _CURVE)]())


def _private_key(inputs: Properties) -> Made:
    key = _draw(inputs)
    curve = inputs.get("ecdsaCurve", _CURVE)
    has_ssh = inputs["algorithm"] != "ECDSA" or curve != _CURVE_WITHOUT_SSH
    # Ed25519 has no older form than PKCS #8.
    older = PrivateFormat.PKCS8 if inputs["algorithm"] == "ED25519" else PrivateFormat.TraditionalOpenSSL
    public = key.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    outputs: Properties = {
        "rsaBits": inputs.get("rsaBits", _RSA_BITS),
        "ecdsaCurve": curve,
        "privateKeyPem": _private(key, older),
        "privateKeyPemPkcs8": _private(key, PrivateFormat.PKCS8),
        "privateKeyOpenssh": _private(key, PrivateFormat.OpenSSH) if has_ssh else "",
        "publicKeyPem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        **_public_ssh(public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() if has_ssh else ""),
    }
    return Made(hashlib.sha256(der).hexdigest()[:40], outputs)


def _private(key: Key, form: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _public_ssh(line: str) -> Properties:
    """The public key as `ssh` writes it, and its fingerprints."""
    if not line:
        return dict.fromkeys(("publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"), "")
    blob = base64.b64decode(line.split()[1])
    md5 = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return {
        "publicKeyOpenssh": f"{line}\n",
        "publicKeyFingerprintMd5": ":".join(md5[i : i + 2] for i in range(0, len(md5), 2)),
        "publicKeyFingerprintSha256": f"SHA256:{sha256}",
    }


def _stand_in(what: str, inputs: Properties) -> str:
    """Text with the frame of PEM around a digest of the inputs."""
    digest = base64.b64encode(hashlib.sha256(repr(sorted(inputs.items())).encode()).digest()).decode()
    return f"-----BEGIN {what}-----\n{digest}\n-----END {what}-----\n"


def _request(inputs: Properties) -> Made:
    text = _stand_in("CERTIFICATE REQUEST", inputs)
    return Made(hashlib.sha256(text.encode()).hexdigest()[:40], {"certRequestPem": text, "keyAlgorithm": "ED25519"})


def _certificate(algorithm: str) -> Callable[[Properties], Made]:
    def make(inputs: Properties) -> Made:
        start = datetime.now(UTC).replace(microsecond=0)
        outputs: Properties = {
            "certPem": _stand_in("CERTIFICATE", inputs),
            "validityStartTime": start.isoformat(),
            "validityEndTime": (start + timedelta(hours=int(inputs["validityPeriodHours"]))).isoformat(),
            "readyForRenewal": False,
            algorithm: "ED25519",
        }
        return Made(str(int.from_bytes(hashlib.sha256(outputs["certPem"].encode()).digest()[:16])), outputs)

    return make


_PRIVATE: Final = ("privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8")
_KINDS: Final[dict[str, Kind]] = {
    "tls:index/privateKey:PrivateKey": Kind(make=_private_key, check=_check_key, secrets=_PRIVATE, fixed=None),
    "tls:index/certRequest:CertRequest": Kind(make=_request, secrets=("privateKeyPem",), fixed=None),
    "tls:index/selfSignedCert:SelfSignedCert": Kind(
        make=_certificate("keyAlgorithm"), secrets=("privateKeyPem",), fixed=None
    ),
    "tls:index/locallySignedCert:LocallySignedCert": Kind(
        make=_certificate("caKeyAlgorithm"), secrets=("caPrivateKeyPem",), fixed=None
    ),
}
