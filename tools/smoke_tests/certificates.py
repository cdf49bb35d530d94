"""Whether the certificate of a host is its own, and valid for a while."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509

from tools.smoke_tests.finding import Finding

SOON: Final = timedelta(days=7)
"""cert-manager renews after two thirds of 90 days, ACM 60 days before the end: a week before it, neither did."""
_PATIENCE: Final = 10
Presented = tuple[x509.Certificate, str]
"""A certificate, and why it is not trusted; empty when it is."""


def certificate(host: str, port: int = 443, *, trusted: bool = True, now: datetime | None = None) -> Finding:
    """Look at the certificate that a host presents; without `trusted`, whoever signed it."""
    what = f"certificate of {host}"
    try:
        found, doubt = presented(host, port)
    except OSError as error:
        return Finding(what, good=False, said=f"no TLS ({error.strerror or type(error).__name__})")
    said = judged(found, host, now or datetime.now(UTC))
    if said:
        return Finding(what, good=False, said=said)
    if trusted and doubt:
        return Finding(what, good=False, said=f"browsers do not trust it ({doubt}): see socle:certificates.issuer")
    return Finding(what, good=True, said=f"valid until {found.not_valid_after_utc:%Y-%m-%d}")


def judged(found: x509.Certificate, host: str, now: datetime) -> str:
    """What is wrong with a certificate for this host at this time; empty when nothing is."""
    if not any(_covers(name, host) for name in _names(found)):
        named = ", ".join(_names(found)) or "nobody"
        return f"it is made out to {named}: `kubectl get certificates --all-namespaces` tells what is missing"
    if now < found.not_valid_before_utc:
        return f"it is valid from {found.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on: see this machine's clock"
    if now >= found.not_valid_after_utc:
        return f"it ended on {found.not_valid_after_utc:%Y-%m-%d}: see why it was not renewed"
    if found.not_valid_after_utc - now < SOON:
        return f"it ends on {found.not_valid_after_utc:%Y-%m-%d} and was not renewed"
    return ""


def presented(host: str, port: int) -> Presented:
    """The certificate of a host. Raises `OSError` when there is none."""
    doubt = ""
    try:
        der = _shake_hands(host, port, ssl.create_default_context())
    except ssl.SSLCertVerificationError as error:
        doubt = error.verify_message
        anybody = ssl.create_default_context()
        anybody.check_hostname = False
        anybody.verify_mode = ssl.CERT_NONE
        der = _shake_hands(host, port, anybody)
    return x509.load_der_x509_certificate(der), doubt


def _shake_hands(host: str, port: int, context: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection((host, port), timeout=_PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def _names(found: x509.Certificate) -> list[str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.DNSName)


def _covers(name: str, host: str) -> bool:
    # A star stands for one label: https://www.rfc-editor.org/rfc/rfc9525#section-6.3
    return name == host or (name.startswith("*.") and name[2:] == host.partition(".")[2])
