"""S3 and CloudFront on the loopback address, which note what is written and can stop in the middle of it."""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from tests.state.cloud import PARIS, Account

BUCKET = "socle-staging-site"
WRITES = ("PUT", "POST", "DELETE")
_LONG = 60.0

Matches = Callable[[str, str], bool]
"""Of a request's method and path."""


@dataclass
class Gate:
    """Lets requests through, notes those that write, and holds the first one that matches until it is opened."""

    application: Any
    written: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    holds: Matches | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = str(environ["REQUEST_METHOD"]), str(environ["PATH_INFO"])
        if self.holds and self.holds(method, path):
            self.holds = None
            self.reached.set()
            assert self.opened.wait(_LONG)
        if method in WRITES:
            self.written.append((method, path))
        return self.application(environ, start_response)

    def hold(self, matches: Matches) -> None:
        """Stop at the next request that matches, until `let_go`."""
        self.reached.clear()
        self.opened.clear()
        self.holds = matches

    def wait(self) -> None:
        """Until a request is held."""
        assert self.reached.wait(_LONG)

    def let_go(self) -> None:
        """Let the held request, and all others, through."""
        self.opened.set()


@dataclass(frozen=True)
class SiteCloud:
    """An account with a bucket that keeps versions, and a distribution in front of it."""

    account: Account
    gate: Gate
    distribution: str
    s3: Any
    cloudfront: Any

    def objects(self) -> dict[str, tuple[bytes, str, str]]:
        """Content, Content-Type and Cache-Control of every file that visitors can get."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        return {key: self.object(key) for key in keys if not key.startswith(".socle/")}

    def object(self, key: str) -> tuple[bytes, str, str]:
        got = self.s3.get_object(Bucket=BUCKET, Key=key)
        return got["Body"].read(), got["ContentType"], got.get("CacheControl", "")

    def invalidated(self) -> list[list[str]]:
        """Paths of every invalidation, the first one first."""
        found: list[list[str]] = []
        listed = self.cloudfront.list_invalidations(DistributionId=self.distribution)["InvalidationList"]
        # AWS lists the newest first, moto the oldest.
        for each in listed.get("Items", ()):
            made = self.cloudfront.get_invalidation(DistributionId=self.distribution, Id=each["Id"])["Invalidation"]
            found.append(sorted(made["InvalidationBatch"]["Paths"]["Items"]))
        return found


class _Quiet(MotoRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (the base class calls it so)
        """Say nothing: a failed test says enough."""


@contextmanager
def site_cloud(environ: pytest.MonkeyPatch) -> Generator[SiteCloud]:
    """An account that this process and its children use; it is gone at the end."""
    gate = Gate(DomainDispatcherApplication(cast(Any, create_backend_app)))
    server = make_server("127.0.0.1", 0, gate, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        account = Account(f"http://127.0.0.1:{server.server_port}")
        account.enter(environ)
        s3, cloudfront = account.client("s3"), account.client("cloudfront")
        made = SiteCloud(account, gate, _bucket_and_distribution(s3, cloudfront), s3, cloudfront)
        gate.written.clear()
        yield made
    finally:
        gate.let_go()
        server.shutdown()
        thread.join()
        server.server_close()


def _bucket_and_distribution(s3: Any, cloudfront: Any) -> str:
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": PARIS})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    origin = {"Id": "files", "DomainName": f"{BUCKET}.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    made = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "one",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {"TargetOriginId": "files", "ViewerProtocolPolicy": "redirect-to-https"},
        }
    )
    return str(made["Distribution"]["Id"])
