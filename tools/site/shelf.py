"""Files of the site in its bucket."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError

from tools.site.headers import Headers
from tools.site.place import PREVIEWS, RESERVED
from tools.site.release import Kept

_AT_ONCE: Final = 8
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_MOST_DELETED: Final = 1000
_UNKNOWN: Final = ("404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed")

_Found = TypeVar("_Found")


class Shelf:
    """A folder of a bucket. Every method may raise what `tools.account.Failure` names."""

    def __init__(self, s3: Any, bucket: str, prefix: str = "") -> None:
        self._s3, self._bucket, self._prefix = s3, bucket, prefix

    def listing(self) -> dict[str, str]:
        """Etags of all files by path; at the top of the bucket, without the folders that are not of the site."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        found = {
            str(each["Key"]).removeprefix(self._prefix): str(each["ETag"]).strip('"')
            for page in pages
            for each in page.get("Contents", ())
        }
        ours = () if self._prefix else (RESERVED, PREVIEWS)
        return {path: etag for path, etag in found.items() if not path.startswith(ours)}

    def kept(self, paths: Iterable[str]) -> dict[str, Kept]:
        """The files as they lie there now."""
        return self._each(paths, lambda path: self._head(path, None))

    def missing(self, files: Mapping[str, Kept]) -> list[str]:
        """Paths of files whose version is gone."""
        return sorted(files.keys() - self._each(files, lambda path: self._head(path, files[path].version)).keys())

    def restore(self, files: Mapping[str, Kept]) -> dict[str, Kept]:
        """Put these versions back as the current ones, headers included; the files as they lie there then."""

        def copy(path: str) -> Kept:
            key, kept = f"{self._prefix}{path}", files[path]
            source = {"Bucket": self._bucket, "Key": key, "VersionId": kept.version}
            copied = self._s3.copy_object(Bucket=self._bucket, Key=key, CopySource=source)
            return kept.model_copy(update={"version": str(copied.get("VersionId", ""))})

        return self._each(files, copy)

    def delete(self, paths: Iterable[str]) -> None:
        """Delete files; the bucket keeps their versions for a while."""
        keys = [{"Key": f"{self._prefix}{path}"} for path in paths]
        for start in range(0, len(keys), _MOST_DELETED):
            batch = {"Objects": keys[start : start + _MOST_DELETED], "Quiet": True}
            failed = self._s3.delete_objects(Bucket=self._bucket, Delete=batch).get("Errors", ())
            for each in failed:
                raise ClientError({"Error": {"Code": each["Code"], "Message": each["Key"]}}, "DeleteObjects")

    def _each(self, paths: Iterable[str], ask: Callable[[str], _Found | None]) -> dict[str, _Found]:
        wanted = list(paths)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return {path: found for path, found in zip(wanted, pool.map(ask, wanted), strict=True) if found}

    def _head(self, path: str, version: str | None) -> Kept | None:
        which = {"VersionId": version} if version else {}
        try:
            found = self._s3.head_object(Bucket=self._bucket, Key=f"{self._prefix}{path}", **which)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _UNKNOWN:
                return None
            raise
        headers = Headers(str(found.get("ContentType", "")), str(found.get("CacheControl", "")))
        return Kept(
            version=str(found.get("VersionId", "")),
            etag=str(found["ETag"]).strip('"'),
            size=int(found["ContentLength"]),
            type=headers.type,
            cache=headers.cache,
        )
