"""The addresses at which a stack answers, known from its settings and outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from settings import Settings

NOWHERE: Final = "/socle-smoke-test-of-a-page-that-is-not-there"
_VAULTWARDEN: Final = "/alive"
"""https://github.com/dani-garcia/vaultwarden/wiki"""
_FINE: Final = (200,)
# A front end may send its visitors on to a page in their language, or to a log-in.
_FINE_OR_ELSEWHERE: Final = (200, 301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Endpoint:
    """An address and what it has to answer."""

    url: str
    statuses: tuple[int, ...]
    trusted: bool = True
    """Whether browsers trust its certificate: not those of Let's Encrypt's staging."""


def endpoints(settings: Settings, outputs: Mapping[str, Any]) -> list[Endpoint]:
    """What to ask of a stack; a part that is not deployed yet has no output, and is left out."""
    certificates, ingress = settings.certificates, settings.ingress
    by_aws = bool(ingress and ingress.load_balancer == "application")
    trusted = by_aws or bool(certificates and certificates.issuer == "letsencrypt-production")
    found: list[Endpoint] = []
    if settings.site and outputs.get("site_url"):
        home = _joined(outputs["site_url"], "/")
        found += [Endpoint(home, _FINE), Endpoint(_joined(outputs["site_url"], NOWHERE), (404,))]
    for output, path, statuses in (
        ("api_url", settings.users_api.health_path if settings.users_api else "", _FINE),
        ("f1_vote_url", "/" if settings.f1_vote else "", _FINE),
        ("frontend_url", "/" if settings.web_frontend else "", _FINE_OR_ELSEWHERE),
        ("vaultwarden_url", _VAULTWARDEN if settings.vaultwarden else "", _FINE),
    ):
        if path and outputs.get(output):
            found.append(Endpoint(_joined(outputs[output], path), statuses, trusted))
    return found


def _joined(url: Any, path: str) -> str:
    return f"{str(url).rstrip('/')}{path}"
