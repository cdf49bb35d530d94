"""Where Pulumi keeps the states: an S3 bucket, by the same address that the engine takes."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import yaml

from tools.setup import ROOT

PROJECT: Final = "socle"
VARIABLE: Final = "PULUMI_BACKEND_URL"
_EXAMPLE: Final = "s3://socle-state-123456789012?region=eu-west-3"
# What the engine's own parser takes: https://gocloud.dev/howto/blob/#s3
_KEYS: Final = ("region", "profile", "awssdk", "endpoint", "s3ForcePathStyle", "disableSSL")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")


class BackendRefused(Exception):  # noqa: N818 (reads as what it is)
    """The address of the states is wrong, or none of ours; the text is one sentence."""


@dataclass(frozen=True)
class Backend:
    """The bucket in which Pulumi keeps the states of this project."""

    bucket: str
    region: str
    """Of the bucket; the stacks may live elsewhere."""
    prefix: str = ""
    """Folder of the states in the bucket, with its last slash; empty for its top."""
    profile: str | None = None
    """Profile of the credentials, when the address names one."""

    @property
    def url(self) -> str:
        """Address, as the engine takes it."""
        profile = f"&profile={self.profile}" if self.profile else ""
        return f"s3://{self.bucket}/{self.prefix.rstrip('/')}".rstrip("/") + f"?region={self.region}{profile}"

    def state_key(self, stack: str, project: str = PROJECT) -> str:
        """Object that holds the state of a stack."""
        return f"{self.prefix}.pulumi/stacks/{project}/{stack}.json"

    def locks_prefix(self, stack: str = "", project: str = PROJECT) -> str:
        """Start of the keys of the engine's locks: of one stack, or of all."""
        # The S3 backend knows one organization: https://www.pulumi.com/docs/iac/concepts/state-and-backends/
        return f"{self.prefix}.pulumi/locks/organization/{project}/{stack + '/' if stack else ''}"

    def history_prefix(self, stack: str, project: str = PROJECT) -> str:
        """Start of the keys of what the engine notes of each update."""
        return f"{self.prefix}.pulumi/history/{project}/{stack}/"

    def own_key(self, kind: str, name: str = "") -> str:
        """Object of ours beside the states: `kind` is a folder such as `leases`."""
        return f"{self.prefix}socle/{kind}/{name}"


def backend_of(address: str, told_by: str = VARIABLE) -> Backend:
    """The bucket of an address such as `s3://bucket?region=eu-west-3`.

    Raises `BackendRefused` with what is wrong; `told_by` is where the address was found.
    """
    url = urlsplit(address)
    if url.scheme != "s3":
        raise BackendRefused(
            f'{told_by}: expected the address of a bucket such as "{_EXAMPLE}", got "{address}"; '
            "`make bootstrap` makes the bucket and writes its address"
        )
    given = dict(parse_qsl(url.query, keep_blank_values=True))
    unknown = [key for key in given if key not in _KEYS]
    if unknown:
        raise BackendRefused(f'{told_by}: expected only {", ".join(_KEYS)} after the question mark, got "{unknown[0]}"')
    if not _BUCKET.fullmatch(url.netloc):
        raise BackendRefused(f'{told_by}: expected the name of a bucket after s3://, got "{url.netloc}"')
    region = given.get("region") or ""
    if not _REGION.fullmatch(region):
        raise BackendRefused(f'{told_by}: expected "?region=" with the region of the bucket, got "{address}"')
    path = url.path.strip("/")
    return Backend(url.netloc, region, f"{path}/" if path else "", given.get("profile") or None)


def found_backend(environ: Mapping[str, str] | None = None, folder: Path = ROOT) -> Backend:
    """The bucket that the engine would use here: PULUMI_BACKEND_URL, else `backend.url` of Pulumi.yaml.

    Raises `BackendRefused` when neither names a bucket.
    """
    named = (os.environ if environ is None else environ).get(VARIABLE)
    if named:
        return backend_of(named)
    document: Any = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
    section: Any = document.get("backend") or {}
    if not section.get("url"):
        raise BackendRefused(
            "Pulumi.yaml: backend.url is missing, so nobody knows where the states are: `make bootstrap` makes the "
            f"bucket and writes its address, or name one with {VARIABLE}={_EXAMPLE}"
        )
    return backend_of(str(section["url"]), "Pulumi.yaml: backend.url")
