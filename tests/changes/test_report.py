"""The report of a stack, and GitLab's numbers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.changes.documents import document, step, update
from tools.changes.model import Change
from tools.changes.reader import read_preview
from tools.changes.report import (
    FILE,
    Report,
    ReportUnreadable,
    failed_report,
    read_report,
    read_reports,
    report_of,
    write_report,
)
from tools.changes.summaries import CostRow, CostSummary, Finding, LockSummary, PolicySummary
from tools.changes.widget import widget, write_widget

MOMENT = "2026-11-21T10:00:00Z"
PREVIEW = read_preview(
    "dev", document(step("create", "raw", new={"plain": "value"}), update({"a": 1}, {"a": 2}, a="update"))
)
WHOLE = report_of(
    PREVIEW,
    valid_at=MOMENT,
    state="v1",
    cost=CostSummary(before=1, after=2.5, rows=(CostRow(type="t", name="n", before=1, after=2.5),)),
    policy=PolicySummary(findings=(Finding(rule="r", level="mandatory", resource="x", message="m"),)),
    lock=LockSummary(holder="ada", since=MOMENT),
)


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_report(WHOLE, tmp_path / "dev" / FILE)
    assert read_report(tmp_path / "dev" / FILE) == WHOLE
    assert WHOLE.changes == PREVIEW.changes
    assert WHOLE.digest == PREVIEW.digest


def test_reports_of_a_folder_come_by_stack(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_report(replace(WHOLE, stack=name), tmp_path / f"job-{name}" / FILE)
    assert [report.stack for report in read_reports(tmp_path)] == ["a", "b"]


def test_two_reports_of_one_stack_are_refused(tmp_path: Path) -> None:
    for job in ("1", "2"):
        write_report(WHOLE, tmp_path / job / FILE)
    with pytest.raises(ReportUnreadable, match="2 reports are of the stack dev, expected one"):
        read_reports(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"stack": ', "the file: invalid json"),
        ("{}", "stack: field required"),
        ('{"stack": "a/b", "valid_at": ""}', "stack: string should match pattern"),
        ('{"stack": "a", "valid_at": "", "raw": 1}', "raw: unexpected keyword argument"),
        ('{"stack": "a", "valid_at": "", "digest": "x-->"}', "digest: string should match pattern"),
        ('{"stack": "a", "valid_at": "", "changes": [{"op": 1}]}', "changes.0.op: input should be a valid string"),
        ('{"stack": "a", "valid_at": "", "version": 9}', "it is of form 9, this program reads 1"),
    ],
)
def test_what_is_no_report_is_refused_with_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / FILE
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ReportUnreadable) as refused:
        read_report(file)
    assert str(refused.value).startswith(f"{file}: {said}")


def test_a_report_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportUnreadable, match="there is no report to read"):
        read_report(tmp_path / FILE)


def test_a_stack_without_preview_has_a_report_that_failed() -> None:
    report = failed_report("dev", "its job was killed", MOMENT)
    assert (report.failed, report.digest, report.diagnostics[0].message) == (True, "", "its job was killed")


def counted(**ops: int) -> Report:
    changes = [Change(op=op, urn=f"{op}{n}", type="t", name="n") for op, number in ops.items() for n in range(number)]
    return replace(WHOLE, changes=tuple(changes))


def test_gitlab_counts_a_replacement_as_both_and_an_import_as_an_update() -> None:
    report = counted(create=3, update=1, replace=2, delete=1)
    imported = Change(op="import", urn="u", type="t", name="n")
    report = replace(report, changes=(*report.changes, imported))
    assert widget(report) == {"create": 5, "update": 2, "delete": 3}


def test_gitlab_takes_no_number_beyond_its_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tools.changes.widget._MOST", 2)
    write_widget(counted(create=3), tmp_path / "folder" / "terraform.json")
    written = json.loads((tmp_path / "folder" / "terraform.json").read_text(encoding="utf-8"))
    assert written == {"create": 2, "update": 0, "delete": 0}
