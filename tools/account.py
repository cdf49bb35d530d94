"""Reads an AWS account, every page of every answer, and says in one sentence why it could not."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import boto3
import jmespath
from botocore import exceptions
from botocore.config import Config

Record = dict[str, Any]
"""One thing in AWS's own words."""

GLOBAL: Final = "us-east-1"
"""Region of what has none (CloudFront, Route 53, IAM), and of CloudFront's certificates."""
# A throttled question is asked again; an endpoint that is silent is given up soon, for a person waits.
_PATIENCE: Final = Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=10, read_timeout=60)
_NO_CREDENTIALS: Final = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.SSOError,
    exceptions.ProfileNotFound,
    exceptions.NoAuthTokenError,
)
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#CommonErrors
_REFUSED: Final = (
    *("AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidToken"),
    *("RequestExpired", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidAccessKeyId"),
)
# S3 and EC2 have codes of their own for this, the others say so in the message of their refusal:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
_CLOCK: Final = ("RequestTimeTooSkewed", "RequestInTheFuture")
_CLOCK_SAID: Final = ("Signature expired", "Signature not yet current")
_DENIED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403")
_UNKNOWN: Final = ("404", "NonExistentQueue", "UnknownMonitorException", "UnknownSubscriptionException")
_HALF_SET_UP: Final = "run `aws sso login` or `aws configure`, see with `aws sts get-caller-identity` who you are"

Failure: Final = (exceptions.BotoCoreError, exceptions.ClientError)
"""Everything that AWS, or the way to it, can answer instead of an answer."""


class Account:
    """The account of whoever runs this, with the credentials that the `aws` command takes too."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], Any] = {}

    def all(self, service: str, operation: str, items: str, *, region: str, **arguments: Any) -> Iterator[Record]:
        """Every one of `items` (a JMESPath such as `Reservations[].Instances[]`) in all pages of an operation."""
        client = self._client(service, region)
        if client.can_paginate(operation):
            pages = client.get_paginator(operation).paginate(**arguments)
            yield from pages.search(items)
        else:
            yield from jmespath.search(items, getattr(client, operation)(**arguments)) or ()

    def one(self, service: str, operation: str, *, region: str, **arguments: Any) -> Record | None:
        """The answer of an operation about one thing; `None` when AWS does not know the thing."""
        try:
            return getattr(self._client(service, region), operation)(**arguments)
        except exceptions.ClientError as error:
            if _is_unknown(error):
                return None
            raise

    def _client(self, service: str, region: str) -> Any:
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = cast(Any, boto3).client(service, region_name=region, config=_PATIENCE)
        return self._clients[key]


def tags_of(record: Record) -> dict[str, str]:
    """Tags of a thing, however its service writes them."""
    given: Any = record.get("Tags") or record.get("TagSet") or record.get("tags") or {}
    if isinstance(given, dict):
        return {str(key): str(value) for key, value in cast(dict[Any, Any], given).items()}
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in cast(Sequence[Record], given)}


def explain(error: Exception, again: str) -> str:
    """Why AWS gave no answer, in one sentence that ends with the command to type `again`."""
    if isinstance(error, _NO_CREDENTIALS):
        return f"no AWS credentials that work ({_text(error)}): {_HALF_SET_UP}, then `{again}`"
    if isinstance(error, exceptions.ClientError):
        return _explain_refusal(error, again)
    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        return f"AWS does not answer ({_text(error)}): check the network and the region's name, then `{again}`"
    return f"the AWS client failed ({_text(error)}): correct that, then `{again}`"


def _explain_refusal(error: exceptions.ClientError, again: str) -> str:
    code, operation = error_code(error), str(error.operation_name)
    if code in _CLOCK or any(said in str(error) for said in _CLOCK_SAID):
        return (
            "the clock of this machine is more than 15 minutes off, and AWS refuses what it signs: set it, for "
            f"example with `sudo timedatectl set-ntp true`, then `{again}`"
        )
    if code in _REFUSED:
        return f"AWS refuses the credentials ({code}): {_HALF_SET_UP}, then `{again}`"
    if is_denied(error):
        return f"these credentials may not {operation} ({code}): take a role that may read the account, then `{again}`"
    return f"AWS failed at {operation} ({_text(error)}): try again with `{again}`"


def is_denied(error: exceptions.ClientError) -> bool:
    """Whether AWS knows who asks, and does not let him."""
    return error_code(error) in _DENIED


def _is_unknown(error: exceptions.ClientError) -> bool:
    code = error_code(error)
    return "NotFound" in code or code.startswith("NoSuch") or code in _UNKNOWN


def error_code(error: exceptions.ClientError) -> str:
    """AWS's own name for what went wrong; a number where it gave none."""
    return str(cast(Record, error.response).get("Error", {}).get("Code", ""))


def _text(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")[:300]
