"""The report of a stack's preview, which its job hands to the job that posts: masked, without any raw input."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from tools.changes.model import Change, Counts, Diagnostic, Preview, counts
from tools.changes.summaries import CostSummary, DriftSummary, LockSummary, PermissionSummary, PolicySummary

FILE: Final = "report.json"
VERSION: Final = 1


class ReportUnreadable(Exception):  # noqa: N818 (reads as what it is)
    """A file is no report of a preview; the text is one sentence that names the file."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is told of a stack. Everything in it may be published where its repository may be read."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    stack: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
    valid_at: Annotated[str, Field(max_length=40)]
    """Moment, in ISO 8601 and UTC, at which the preview began: what it says is not older."""
    version: int = VERSION
    """Of this file's form."""
    digest: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64})?$")] = ""
    """Of what is planned; empty when the preview failed."""
    state: Annotated[str | None, Field(max_length=200)] = None
    """Version of the stack's state that the preview began with; None where the backend keeps none."""
    duration: float = 0.0
    """Seconds."""
    failed: bool = False
    corrupt: bool = False
    summary: Mapping[str, int] = field(default_factory=dict[str, int])
    changes: tuple[Change, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    cost: CostSummary | None = None
    policy: PolicySummary | None = None
    permissions: PermissionSummary | None = None
    drift: DriftSummary | None = None
    lock: LockSummary | None = None

    @property
    def counts(self) -> Counts:
        """How many resources change, by what happens to them."""
        return counts(self.changes)

    @property
    def dangerous(self) -> tuple[Change, ...]:
        """Changes that lose something."""
        return tuple(change for change in self.changes if change.dangerous)


_FORM: Final = TypeAdapter(Report)


def report_of(
    preview: Preview,
    *,
    valid_at: str,
    state: str | None = None,
    cost: CostSummary | None = None,
    policy: PolicySummary | None = None,
    permissions: PermissionSummary | None = None,
    lock: LockSummary | None = None,
) -> Report:
    """The report of a preview, with what else is known of the stack; of drift, what the preview itself saw."""
    return Report(
        stack=preview.stack,
        valid_at=valid_at,
        digest=preview.digest,
        state=state,
        duration=preview.duration,
        failed=preview.failed,
        corrupt=preview.corrupt,
        summary=dict(preview.summary),
        changes=preview.changes,
        diagnostics=preview.diagnostics,
        cost=cost,
        policy=policy,
        permissions=permissions,
        drift=None if preview.drift is None else DriftSummary(changes=preview.drift),
        lock=lock,
    )


def failed_report(stack: str, reason: str, valid_at: str) -> Report:
    """The report of a stack whose preview gave none, such as one whose job was killed. The reason is shown as it is."""
    return Report(
        stack=stack, valid_at=valid_at, failed=True, diagnostics=(Diagnostic(severity="error", message=reason),)
    )


def write_report(report: Report, file: Path) -> None:
    """Write a report; its folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_FORM.dump_json(report))


def read_report(file: Path) -> Report:
    """The report in a file. Raises `ReportUnreadable`."""
    try:
        report = _FORM.validate_json(file.read_bytes(), strict=False)
    except OSError as error:
        raise ReportUnreadable(f"{file}: there is no report to read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise ReportUnreadable(f"{file}: {place}: {first['msg'].lower()}: make the report again") from None
    if report.version != VERSION:
        raise ReportUnreadable(f"{file}: it is of form {report.version}, this program reads {VERSION}")
    return report


def read_reports(folder: Path) -> list[Report]:
    """Every report below a folder, by stack. Raises `ReportUnreadable`, also when two are of one stack."""
    reports = [read_report(file) for file in sorted(folder.rglob(FILE))]
    stacks = [report.stack for report in reports]
    for stack in stacks:
        if stacks.count(stack) > 1:
            raise ReportUnreadable(f"{folder}: {stacks.count(stack)} reports are of the stack {stack}, expected one")
    return sorted(reports, key=lambda report: report.stack)
