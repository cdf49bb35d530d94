"""Reports of made-up stacks."""

from dataclasses import replace
from typing import Any

from tools.changes.model import Change, Diagnostic, PropertyDiff
from tools.changes.report import Report
from tools.changes.stateful import danger
from tools.changes.summaries import (
    CostRow,
    CostSummary,
    DriftSummary,
    Exempted,
    Finding,
    Granted,
    LockSummary,
    Pending,
    PermissionSummary,
    PolicySummary,
)
from tools.comment.context import Context, Forge

MOMENT = "2026-11-21T10:02:11Z"
JOB, FULL = "https://ci.example.com/jobs/7", "https://ci.example.com/jobs/7/artifacts/report.html"
BUCKET = "aws:s3/bucket:Bucket"
DIGEST = "sha256:" + "0123456789abcdef" * 4


def context(forge: Forge = "github", **more: Any) -> Context:
    given: dict[str, Any] = {
        "project": "team/infra",
        "merge_request": 42,
        "sha": "abc1234def5678",
        "pipeline": 981,
        "job_url": JOB,
        "report_url": FULL,
    }
    return Context(forge=forge, **{**given, **more})


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:prod::socle::{type_}::{name}"


def change(op: str, name: str, *diffs: PropertyDiff, type_: str = BUCKET, reasons: tuple[str, ...] = ()) -> Change:
    return Change(
        op=op,
        urn=urn(type_, name),
        type=type_,
        name=name,
        diffs=diffs,
        replace_reasons=reasons,
        dangerous=danger(op, type_, {}),
    )


def diff(path: str, before: str | None, after: str | None, *, forces: bool = False) -> PropertyDiff:
    kind = "add" if before is None else "delete" if after is None else "update"
    return PropertyDiff(path=path, kind=kind, before=before, after=after, forces_replacement=forces)


UNCHANGED = Report(stack="staging", valid_at=MOMENT, digest=DIGEST, state="v7", duration=21.4)
CHANGED = Report(
    stack="prod",
    valid_at=MOMENT,
    digest=DIGEST,
    state="v41",
    duration=38.2,
    changes=(
        change(
            "replace",
            "main",
            diff("engineVersion", '"16.4"', '"17.2"', forces=True),
            diff("password", "[secret]", "[secret]"),
            diff("address", '"db.internal"', "(known after apply)"),
            type_="aws:rds/instance:Instance",
            reasons=("engineVersion",),
        ),
        change("delete", "old-files", diff("bucket", '"old"', None)),
        change(
            "update",
            "deploy",
            diff(
                "policy",
                '{\n  "Action": "s3:Get*",\n  "Effect": "Allow"\n}',
                '{\n  "Action": "s3:*",\n  "Effect": "Allow"\n}',
            ),
            type_="aws:iam/rolePolicy:RolePolicy",
        ),
        change("create", "files", diff("bucket", None, '"new"'), diff('tags["a.b"]', None, '"1"')),
    ),
    diagnostics=(Diagnostic(severity="warning", message="the budget is small"),),
)
FAILED = Report(
    stack="staging",
    valid_at=MOMENT,
    duration=3.0,
    failed=True,
    diagnostics=(
        Diagnostic(
            severity="error",
            message="the program failed:\nTraceback (most recent call last):\n  File …\nValueError: password=[masked]",
            urn=urn(BUCKET, "files"),
        ),
    ),
)
FULLER = replace(
    CHANGED,
    cost=CostSummary(
        before=118.2,
        after=130.6,
        budget=125.0,
        rows=(CostRow(type="aws:rds/instance:Instance", name="main", before=20.0, after=32.4, note="730 h"),),
        unpriced=("aws:sqs/queue:Queue",),
        assumptions=("Prices of 2026-11-01, without taxes",),
    ),
    policy=PolicySummary(
        findings=(
            Finding(
                rule="S3-01", level="mandatory", resource="aws:s3:Bucket files", message="is public", remedy="block it"
            ),
            Finding(rule="COST-02", level="advisory", resource="aws:rds:Instance main", message="is large"),
        ),
        unevaluated=(Pending(rule="IAM-02", resource="aws:iam/rolePolicy:RolePolicy deploy", value="policy"),),
        exempt=(
            Exempted(
                rule="LOG-01",
                resource="aws:cloudwatch:LogGroup audit",
                message="is kept for ever",
                until="2026-12-31",
                reason="the auditor wants a year",
            ),
            Exempted(rule="EKS-01", resource="main-*", message="", until="2027-01-31", reason="a demonstration"),
        ),
    ),
    permissions=PermissionSummary(
        grants=(
            Granted(
                resource="aws:iam/rolePolicy:RolePolicy deploy",
                added=("s3:* on *", "sts:AssumeRole on arn:aws:iam::123456789012:role/deploy under conditions"),
                removed=("s3:Get* on *",),
            ),
        ),
        unknown=("aws:s3/bucketPolicy:BucketPolicy files-policy",),
    ),
    drift=DriftSummary(changes=(change("update", "logs", diff("retentionInDays", "30", "7")),)),
    lock=LockSummary(holder="ada@laptop", since=MOMENT),
)
