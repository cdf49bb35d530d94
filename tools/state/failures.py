"""What S3, KMS or the engine said about a state, in one sentence of ours with the command to type."""

import re
from dataclasses import dataclass
from typing import Any, Final, cast

from botocore import exceptions

from tools.state.backend import VARIABLE, Backend

_ADDRESS: Final = f"{VARIABLE} and backend.url of Pulumi.yaml"
_LOGIN: Final = "`aws sso login` or `aws configure`, and see with `aws sts get-caller-identity` who you are"
_STACK: Final = re.compile(r"\bSTACK=(\S+)")
# What S3 tells of the bucket's own region: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_REGION_HEADER: Final = "x-amz-bucket-region"


@dataclass(frozen=True)
class _Rule:
    pattern: str
    """Expression for what was said; its group `found` may be named in the sentence."""
    why: str
    fix: str
    """What to type; may name `{bucket}`, `{region}`, `{stack}` and `{found}`, as `why` may."""


# The first that fits counts. AWS's codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and
# https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html; the rest are the engine's own words.
_RULES: Final = (
    _Rule(
        r"PULUMI_ACCESS_TOKEN|api\.pulumi\.com",
        "the address of the states is none of a bucket, so Pulumi asks its own cloud",
        f"write s3://BUCKET?region=REGION where it comes from, see {_ADDRESS}",
    ),
    _Rule(
        r'unknown query parameter "(?P<found>[^"]*)"',
        'the address of the states has "{found}" after its question mark, which nobody knows',
        f"write ?region=REGION, see {_ADDRESS}",
    ),
    _Rule(
        r"bucketName is required|unable to open bucket s3:/[^/]",
        "the address of the states names no bucket",
        f"write s3://BUCKET?region=REGION, see {_ADDRESS}",
    ),
    _Rule(
        r"RequestTimeTooSkewed|Probable clock skew|Signature expired|Signature not yet current|RequestInTheFuture",
        "the clock of this machine is more than 15 minutes off, and AWS refuses what it signs",
        "set it, for example with `sudo timedatectl set-ntp true`",
    ),
    _Rule(
        r"PermanentRedirect|Moved Permanently|AuthorizationHeaderMalformed|IllegalLocationConstraint|"
        r"incorrect region|BucketRegionError|\(301\)",
        "the bucket {bucket} is not in {region}{elsewhere}",
        f"correct ?region= in the address of the states, see {_ADDRESS}",
    ),
    _Rule(
        r"NoSuchBucket",
        "there is no bucket {bucket}",
        f"correct its name, see {_ADDRESS}, or make it with `make bootstrap`",
    ),
    _Rule(
        r"ExpiredToken|RequestExpired|TokenRefreshRequired|token (?:included in the request )?(?:has|is) expired|"
        r"[Ss][Ss][Oo] (?:session|token).*(?:expired|invalid)|refresh cached SSO token failed",
        "the AWS credentials have expired",
        f"take new ones with {_LOGIN}",
    ),
    _Rule(
        r"InvalidAccessKeyId|SignatureDoesNotMatch|UnrecognizedClient|InvalidClientTokenId|InvalidToken|"
        r"InvalidSignature",
        "AWS does not know these credentials",
        f"take others with {_LOGIN}",
    ),
    _Rule(
        r"(?:failed to get shared config profile,|config profile \() ?(?P<found>[\w.-]+)",
        'there is no profile "{found}" of AWS credentials on this machine',
        "correct AWS_PROFILE, or make it with `aws configure sso`",
    ),
    _Rule(
        r"no EC2 IMDS role found|get credentials|Unable to locate credentials|NoCredential|Partial credentials",
        "there are no AWS credentials here",
        f"take some with {_LOGIN}",
    ),
    _Rule(
        r"KMS: \w+.*\bNotFoundException|\(NotFoundException\) when calling the \w+ operation",
        "the key that guards the secrets of the stack is not there{found_colon}",
        "correct secretsprovider in Pulumi.{stack}.yaml, or make the keys with `make bootstrap`",
    ),
    _Rule(
        r"DisabledException",
        "the key that guards the secrets of the stack is disabled",
        "switch it on with `aws kms enable-key --key-id KEY`",
    ),
    _Rule(
        r"KMSInvalidState|pending deletion",
        "the key that guards the secrets of the stack is about to be deleted",
        "keep it with `aws kms cancel-key-deletion --key-id KEY`, then `aws kms enable-key --key-id KEY`",
    ),
    _Rule(
        r"IncorrectKeyException|InvalidCiphertextException",
        "encryptedkey in Pulumi.{stack}.yaml was not made by the key that secretsprovider names",
        "take both lines from Git, as in `git checkout Pulumi.{stack}.yaml`",
    ),
    _Rule(
        r"message authentication failed",
        "the secrets in Pulumi.{stack}.yaml were encrypted with another encryptedkey than the file has",
        "take both from one commit, as in `git checkout Pulumi.{stack}.yaml`, or set the secrets anew with "
        "`make secret STACK={stack} KEY=…`",
    ),
    _Rule(
        r"kms:(?P<found>\w+)|KMS: \w+.*AccessDenied|AccessDeniedException\) when calling the (?:Decrypt|Encrypt)",
        "these credentials may not use a KMS key that the states need",
        "take a role that may, `aws sts get-caller-identity` shows which one you have",
    ),
    _Rule(
        r"AccessDenied|PermissionDenied|Forbidden|\(403\)|AllAccessDisabled",
        "these credentials may not use the bucket {bucket}, or it belongs to somebody else",
        f"take those of its account, `aws sts get-caller-identity` shows which one you have; or see {_ADDRESS}",
    ),
    _Rule(
        r"no stack named '(?P<found>[^']*)'",
        'there is no state of a stack "{found}"{there}',
        "`make stacks` shows those that are there, and if it was deleted `make rescue STACK={found}` brings it back",
    ),
    _Rule(
        r"currently locked by|the stack is already locked|conflict: Another update",
        "another command is at work on the stack, or was killed and left its lock",
        "`make locks` shows who, and `make unlock STACK={stack}` breaks what is stale",
    ),
    _Rule(
        r"failed to load checkpoint|unexpected end of JSON input|could not deserialize deployment",
        "the state does not decode",
        "`make rescue STACK={stack}` brings the newest version back that does",
    ),
    _Rule(
        r"PULUMI_CONFIG_PASSPHRASE",
        "no key guards the secrets of the stack, but a passphrase that is not set",
        "`make rotate-key STACK={stack} TO=awskms://alias/socle-staging?region={region}` changes that, with "
        "PULUMI_CONFIG_PASSPHRASE set",
    ),
    _Rule(
        r"no such host|connection refused|i/o timeout|dial tcp|Could not connect|[Tt]imeout on endpoint|"
        r"[Cc]onnect(?:ion)? (?:was closed|timed out|timeout)|TLS handshake|proxyconnect",
        "AWS does not answer",
        "check the network, the proxy and the region {region}",
    ),
)


def explain_backend(
    said: str | BaseException, backend: Backend | None = None, again: str = "", stack: str = ""
) -> str | None:
    """One sentence for what S3, KMS or the engine said, without the stack's name; None when nobody knows it.

    `again` is the command that the person types next; the stack is taken from its STACK= unless it is given.
    """
    text = " ".join(str(said).split())
    for rule in _RULES:
        match = re.search(rule.pattern, text)
        if match:
            words = _words(said, text, match, backend, stack or _stack_of(again))
            then = f"then `{again}`" if again else "then try again"
            return f"{rule.why.format(**words)}: {rule.fix.format(**words)}, {then}"
    return None


def _words(
    said: str | BaseException, text: str, match: re.Match[str], backend: Backend | None, stack: str
) -> dict[str, str]:
    found = str(match.groupdict().get("found") or "")
    elsewhere = _region_of(said, text)
    named = re.search(r"(?:Alias|Key) '?(arn:\S+?)'? (?:is not found|does not exist)", text)
    return {
        "bucket": backend.bucket if backend else "of the states",
        "region": backend.region if backend else "the region of its address",
        "stack": stack or "STACK",
        "found": found,
        "elsewhere": f", but in {elsewhere}" if elsewhere else "",
        "found_colon": f" ({named[1]})" if named else "",
        "there": f" in {backend.url}" if backend else "",
    }


def _region_of(said: str | BaseException, text: str) -> str:
    """The region that AWS names instead, where it does."""
    if isinstance(said, exceptions.ClientError):
        response = cast(dict[str, Any], said.response)
        headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        told = headers.get(_REGION_HEADER) or response.get("Error", {}).get("Region")
        if told:
            return str(told)
    expected = re.search(r"expecting '([a-z0-9-]+)'", text)
    return expected[1] if expected else ""


def _stack_of(again: str) -> str:
    named = _STACK.search(again)
    return named[1].strip("`") if named else ""
