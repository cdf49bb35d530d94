"""Objects of the bucket of states, read and written so that nobody overwrites what another wrote meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

import boto3
from botocore import exceptions
from botocore.config import Config

from tools.state.backend import Backend

_PATIENCE: Final = Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=10, read_timeout=60)
_GONE: Final = ("NoSuchKey", "NoSuchVersion", "404")
# 409 when another conditional write of the same key is under way:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
_LOST: Final = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


@dataclass(frozen=True)
class Stored:
    """An object as it was read."""

    body: bytes
    etag: str
    version: str
    """Id of its version; empty when the bucket keeps none."""
    modified: datetime


@dataclass(frozen=True)
class Version:
    """A version of an object, without its content."""

    key: str
    version: str
    modified: datetime
    size: int
    latest: bool
    deleted: bool
    """Whether it only marks that the object was deleted."""


class Objects:
    """The bucket, for whoever runs this. Every method may raise what `tools.account.Failure` names."""

    def __init__(self, backend: Backend, client: Any = None) -> None:
        self.backend = backend
        self._bucket = backend.bucket
        self._s3 = client or client_of(backend, "s3")

    def read(self, key: str, version: str | None = None) -> Stored | None:
        """An object, or a version of it; None when there is none."""
        which = {"VersionId": version} if version else {}
        try:
            got = self._s3.get_object(Bucket=self._bucket, Key=key, **which)
        except exceptions.ClientError as error:
            if _code(error) in _GONE:
                return None
            raise
        return Stored(got["Body"].read(), got["ETag"], got.get("VersionId", ""), got["LastModified"])

    def create(self, key: str, body: bytes) -> str | None:
        """Write an object that must not be there; its etag, or None when somebody was first."""
        return self._put(key, body, IfNoneMatch="*")

    def replace(self, key: str, body: bytes, etag: str) -> str | None:
        """Write an object that must still be as it was read; its new etag, or None when somebody changed it."""
        return self._put(key, body, IfMatch=etag)

    def write(self, key: str, body: bytes) -> str:
        """Write an object, whatever is there; its etag."""
        return str(self._put(key, body))

    def delete(self, key: str) -> None:
        """Delete an object; the bucket keeps its versions."""
        self._s3.delete_object(Bucket=self._bucket, Key=key)

    def remove(self, key: str, etag: str) -> bool:
        """Delete an object that must still be as it was read; whether this did it. Needs the right to read it too."""
        try:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
            self._s3.delete_object(Bucket=self._bucket, Key=key, IfMatch=etag)
        except exceptions.ClientError as error:
            if _code(error) in (*_LOST, *_GONE):
                return False
            raise
        return True

    def now(self) -> datetime:
        """The time by the clock of S3, to the second, as `modified` tells it, whatever this machine says."""
        answer = self._s3.head_bucket(Bucket=self._bucket)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def keys(self, prefix: str) -> list[str]:
        """Keys that begin so."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return [str(each["Key"]) for page in pages for each in page.get("Contents", ())]

    def versions(self, key: str) -> list[Version]:
        """All versions of one object, the newest first, with the marks of its deletions."""
        found = [each for each in self.versions_under(key) if each.key == key]
        return sorted(found, key=lambda each: (each.latest, each.modified), reverse=True)

    def versions_under(self, prefix: str) -> Iterator[Version]:
        """All versions of all objects whose keys begin so, with the marks of deletions, in no order."""
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            for deleted, kind in ((False, "Versions"), (True, "DeleteMarkers")):
                for each in page.get(kind, ()):
                    yield Version(
                        each["Key"], each["VersionId"], each["LastModified"], each.get("Size", 0), each["IsLatest"],
                        deleted,
                    )  # fmt: skip

    def _put(self, key: str, body: bytes, **condition: str) -> str | None:
        try:
            return str(self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, **condition)["ETag"])
        except exceptions.ClientError as error:
            if condition and _code(error) in (*_LOST, "NoSuchKey", "404"):
                return None
            raise


def client_of(backend: Backend, service: str, region: str | None = None) -> Any:
    """A client with the credentials that the engine takes for this backend."""
    session = boto3.Session(profile_name=backend.profile)
    return cast(Any, session).client(service, region_name=region or backend.region, config=_PATIENCE)


def _code(error: exceptions.ClientError) -> str:
    return str(cast(dict[str, Any], error.response).get("Error", {}).get("Code", ""))
