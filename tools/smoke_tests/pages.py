"""Whether an address answers as it should."""

import warnings
from typing import Final

import requests
from urllib3.exceptions import InsecureRequestWarning

from tools.smoke_tests.endpoints import Endpoint
from tools.smoke_tests.finding import Finding

_PATIENCE: Final = (5, 20)
"""Seconds to connect and to answer."""


def page(endpoint: Endpoint) -> Finding:
    """Ask an address, and follow it nowhere."""
    what = f"GET {endpoint.url}"
    wanted = " or ".join(map(str, endpoint.statuses))
    try:
        with requests.Session() as session, warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureRequestWarning)
            # Who signed is looked at on its own, with a sentence of its own.
            status = session.get(
                endpoint.url, timeout=_PATIENCE, allow_redirects=False, stream=True, verify=endpoint.trusted
            ).status_code
    except requests.exceptions.SSLError:
        return Finding(what, good=False, said="no TLS that a browser would accept: see the certificate")
    except requests.ConnectionError as error:
        return Finding(what, good=False, said=_why(error))
    except requests.RequestException as error:
        return Finding(what, good=False, said=f"no answer ({type(error).__name__})")
    return Finding(what, good=status in endpoint.statuses, said=f"{status}, expected {wanted}")


def _why(error: requests.ConnectionError) -> str:
    text = str(error)
    if "NameResolutionError" in text or "getaddrinfo" in text:
        return "the name is not known: external-dns writes it a few minutes after the ingress is there"
    if "refused" in text:
        return "the connection is refused: nothing listens there"
    return "nobody answers: see the load balancer's targets"
