"""Texts of others: none gets out of its place, and no secret is shown, whatever they are."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.changes.documents import document, step
from tests.comment.markdown import check, html_of
from tests.comment.reports import FULL, JOB, MOMENT, context
from tools.changes.model import Change, Diagnostic, PropertyDiff
from tools.changes.reader import read_preview
from tools.changes.report import Report, report_of
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
from tools.comment.context import Forge
from tools.comment.page import page
from tools.comment.render import render

NASTY = (
    *("</details>", "</summary>", "<script>alert(1)</script>", "<!--", "-->", "<!-- socle:stale -->", "--!>"),
    *("```", "````", "~~~", "`", "``", "| a | b |", "|", "\\|", "\\", "&#64;all", "&lt;b&gt;", "@everyone", "@ada"),
    *(
        "#1",
        "!1",
        "%2",
        "$3",
        "team/infra#4",
        "/close",
        "\n/close\n",
        "\n/label ~x",
        "https://evil.example.com",
        "www.x.fr",
    ),
    *(
        "[a](b)",
        "![a](b)",
        "[a]: b",
        "**b**",
        "~~s~~",
        "_e_",
        "# h",
        "> q",
        "- l",
        "\n\n",
        "\r",
        "\r\n",
        "\t",
        "\x00",
        "\u2028",
    ),
    *(
        "\u202e",
        "\u200b",
        "\u2066",
        "\ufeff",
        "\U000e0041",
        "\u3164",
        "\ud800",
        "🌈",
        "$$x$$",
        "<details>",
        "=== ",
        "+++",
        "@@",
    ),
    *('<!-- socle:preview {"v":1} -->', "\n<!-- socle:stale -->\n", "::warning::", "abc1234def5678", "e\u0301"),
)
TEXT = st.one_of(st.text(), st.lists(st.sampled_from(NASTY) | st.text(max_size=3), max_size=12).map("".join))
LINE = TEXT.map(lambda text: f"QZ{text}ZQ")
NUMBER = st.floats(min_value=0, max_value=1e6, allow_nan=False)
DIFFS = st.builds(
    PropertyDiff,
    path=LINE,
    kind=st.sampled_from(["add", "delete", "update"]),
    before=st.none() | LINE,
    after=st.none() | LINE,
    forces_replacement=st.booleans(),
)
CHANGES = st.builds(
    Change,
    op=st.sampled_from(["create", "update", "replace", "delete", "import"]) | LINE,
    urn=LINE,
    type=LINE,
    name=LINE,
    diffs=st.lists(DIFFS, max_size=2).map(tuple),
    replace_reasons=st.lists(LINE, max_size=2).map(tuple),
    dangerous=st.none() | LINE,
)
LINES = st.lists(LINE, max_size=2).map(tuple)
PERMISSIONS = st.builds(
    PermissionSummary,
    grants=st.lists(st.builds(Granted, resource=LINE, added=LINES, removed=LINES), max_size=2).map(tuple),
    unknown=LINES,
)
COSTS = st.builds(
    CostSummary,
    before=NUMBER,
    after=NUMBER,
    currency=st.just("EUR") | LINE,
    budget=st.none() | NUMBER,
    rows=st.lists(st.builds(CostRow, type=LINE, name=LINE, before=NUMBER, after=NUMBER, note=LINE), max_size=2).map(
        tuple
    ),
    unpriced=st.lists(LINE, max_size=2).map(tuple),
    assumptions=st.lists(LINE, max_size=2).map(tuple),
)
FINDINGS = st.builds(
    Finding, rule=LINE, level=st.sampled_from(["mandatory", "advisory"]), resource=LINE, message=LINE, remedy=LINE
)
WAITING = st.builds(Pending, rule=LINE, resource=LINE, value=LINE)
EXEMPT = st.builds(Exempted, rule=LINE, resource=LINE, message=LINE, until=LINE, reason=LINE)
REPORTS = st.builds(
    Report,
    stack=LINE,
    valid_at=TEXT,
    digest=TEXT,
    state=st.none() | TEXT,
    failed=st.booleans(),
    changes=st.lists(CHANGES, max_size=2).map(tuple),
    diagnostics=st.lists(
        st.builds(Diagnostic, severity=st.sampled_from(["error", "warning"]), message=LINE, urn=LINE | TEXT), max_size=2
    ).map(tuple),
    cost=st.none() | COSTS,
    permissions=st.none() | PERMISSIONS,
    policy=st.none()
    | st.builds(
        PolicySummary,
        findings=st.lists(FINDINGS, max_size=2).map(tuple),
        unevaluated=st.lists(WAITING, max_size=1).map(tuple),
        exempt=st.lists(EXEMPT, max_size=1).map(tuple),
    ),
    drift=st.none() | st.builds(DriftSummary, changes=st.lists(CHANGES, max_size=1).map(tuple)),
    lock=st.none() | st.builds(LockSummary, holder=LINE, since=LINE, url=TEXT),
)


@settings(max_examples=120, deadline=None)
@given(REPORTS, st.sampled_from(["github", "gitlab"]))
def test_whatever_a_report_says_the_comment_stays_well_formed(report: Report, forge: Forge) -> None:
    report = replace(report, lock=report.lock and replace(report.lock, url=""))
    body = render([report], context(forge, sha=report.stack))
    code = check(body, JOB, FULL)
    assert body.count("QZ") - body.partition("\n")[0].count("QZ") == code.count("QZ")


@settings(max_examples=120, deadline=None)
@given(TEXT)
def test_an_address_is_a_link_or_nothing(text: str) -> None:
    for address in (text, f"https://x.example.com/{text}"):
        body = render([], context(job_url=address, report_url="", sha=""))
        html = html_of(body)
        assert html.count("<a ") <= 1
        assert "script>" not in html
        assert not any(f"<{tag}" in html for tag in ("details", "img", "h1"))


@settings(max_examples=80, deadline=None)
@given(TEXT, TEXT, TEXT)
def test_whatever_the_engine_says_the_comment_stays_well_formed(name: str, key: str, value: str) -> None:
    rows = [
        step("create", name=f"QZ{name}", new={f"QZ{key}": f"QZ{value}"}),
        step("update", old={"list": ["QZ1"]}, new={"list": [f"QZ{value}", {f"QZ{key}": None}]}, diffReasons=["list"]),
        step("replace", name=name, old={"a": 1}, new={"a": f"QZ{value}"}, replaceReasons=[f"QZ{key}"]),
    ]
    said = [{"severity": "error", "message": f"QZ{value}", "urn": rows[0]["urn"]}]
    preview = read_preview("dev", document(*rows, diagnostics=said), 1)
    body = render([report_of(preview, valid_at=MOMENT)], context())
    assert check(body, JOB, FULL).count("QZ") == body.count("QZ")


LETTERS = st.text("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=40, max_size=40)
SECRETS = st.one_of(
    LETTERS.map(lambda text: f"glrt-{text[:20]}"),
    LETTERS.map(lambda text: f"ghp_{text[:36]}"),
    LETTERS.map(lambda text: f"AKIA{text[:16].upper()}"),
    LETTERS.map(lambda text: f"-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----"),
)


@settings(max_examples=80, deadline=None)
@given(SECRETS, LETTERS, st.lists(st.sampled_from(NASTY), max_size=4).map("".join))
def test_no_secret_is_shown_wherever_it_stands(secret: str, password: str, around: str) -> None:
    new = {
        "text": f"{around}{secret}{around}",
        "json": f'{{"inner": "{secret}"}}' if "\n" not in secret else secret,
        "settings": {"dbPassword": password, "list": [{"name": "API_TOKEN", "value": password}]},
    }
    rows = [step("create", new=new), step("update", "b", old={"text": ""}, new=new, diffReasons=[*new])]
    said = [{"severity": "error", "message": f"{around}{secret} and password={password}"}]
    preview = read_preview("dev", document(*rows, diagnostics=said), 1)
    report = report_of(preview, valid_at=MOMENT)
    hidden = [*(line for line in secret.split("\n") if "PRIVATE KEY" not in line), password]
    for shown in (render([report], context()), page([report]), repr(report)):
        assert not [each for each in hidden if each in shown]


@settings(max_examples=25, deadline=None)
@given(REPORTS)
def test_the_page_has_no_tag_but_its_own(report: Report) -> None:
    text = page([report])
    text.encode("utf-8")
    assert "<script" not in text
    assert "<!--" not in text
    assert (
        text.count("<details")
        == text.count("</details>")
        == len(report.changes) + len(report.drift.changes if report.drift else ())
    )


@pytest.mark.parametrize("nasty", NASTY)
def test_each_nasty_text_is_shown_in_code_as_it_is_read(nasty: str) -> None:
    change = Change(op="create", urn="u", type="t:i:T", name=f"QZ{nasty}ZQ")
    body = render([Report(stack="dev", valid_at=MOMENT, changes=(change,))], context())
    assert check(body, JOB, FULL).count("QZ") == 1
