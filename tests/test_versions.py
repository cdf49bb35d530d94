"""Pins and the check that fails once one outlives its support."""

import io
from datetime import date

import pytest
from rich.console import Console

from components import versions
from components.versions import Pin, due_soon, overdue
from tools import pins

TODAY = date(2026, 11, 21)
ENDED = Pin("1.0", date(2026, 11, 20), "https://example.org/ended")
LAST_DAY = Pin("2.0", TODAY, "https://example.org/last-day")
SOON = Pin("3.0", date(2027, 1, 20), "https://example.org/soon")
LATER = Pin("4.0", date(2027, 1, 21), "https://example.org/later")
UNDATED = Pin("5.0", None, "https://example.org/undated", "the publisher says nothing")


def printed(**chosen: Pin) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=200)
    code = pins.report(TODAY, console, chosen)
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue()


def test_a_pin_is_overdue_from_the_day_after_its_support_ends() -> None:
    assert overdue(TODAY, {"last-day": LAST_DAY, "ended": ENDED, "undated": UNDATED}) == ["ended"]


def test_a_pin_is_due_soon_on_its_last_60_days() -> None:
    chosen = {"later": LATER, "soon": SOON, "last-day": LAST_DAY, "ended": ENDED, "undated": UNDATED}
    assert due_soon(TODAY, 60, chosen) == ["last-day", "soon"]


def test_no_pin_of_today_is_past_its_support() -> None:
    late = overdue(date.today())
    assert not late, f"raise {late} in components/versions.py: their support has ended"


def test_a_pin_without_a_date_says_why() -> None:
    with pytest.raises(ValueError, match="undated must say why end_of_support is None, and only then, got ''"):
        Pin("1.0", None, "https://example.org")
    with pytest.raises(ValueError, match="and only then, got 'no date'"):
        Pin("1.0", TODAY, "https://example.org", "no date")


def test_every_named_pin_is_in_the_table() -> None:
    named = {id(value) for value in vars(versions).values() if isinstance(value, Pin)}
    assert named == {id(pin) for pin in versions.PINS.values()}


def test_every_pinned_chart_and_no_other_pin_is_a_chart_that_a_stack_can_be_kept_on() -> None:
    charts = {id(pin) for name, pin in versions.PINS.items() if name.endswith("-chart")}
    assert {id(pin) for pin in versions.CHARTS.values()} == charts
    assert not charts & {id(pin) for pin in versions.PROGRAMS.values()}


def test_every_kubernetes_version_on_offer_has_its_own_dated_pin_and_its_kube_proxy() -> None:
    dated = {pin.version for name, pin in versions.PINS.items() if name.startswith("kubernetes") and pin.end_of_support}
    assert dated == versions.EKS_ADDONS.keys()
    for version, addons in versions.EKS_ADDONS.items():
        assert addons["kube-proxy"].version.startswith(f"v{version}.")


def test_the_default_kubernetes_version_comes_with_the_default_addons() -> None:
    assert versions.EKS_ADDONS[versions.KUBERNETES.version] == {
        "vpc-cni": versions.EKS_VPC_CNI,
        "kube-proxy": versions.EKS_KUBE_PROXY,
        "coredns": versions.EKS_COREDNS,
        "eks-pod-identity-agent": versions.EKS_POD_IDENTITY_AGENT,
        "aws-ebs-csi-driver": versions.EKS_EBS_CSI,
        "metrics-server": versions.EKS_METRICS_SERVER,
        "snapshot-controller": versions.EKS_SNAPSHOT_CONTROLLER,
    }


def test_every_kubernetes_version_on_offer_has_the_autoscaler_of_its_own_minor_version() -> None:
    assert versions.CLUSTER_AUTOSCALERS.keys() == versions.EKS_ADDONS.keys()
    for version, autoscaler in versions.CLUSTER_AUTOSCALERS.items():
        assert autoscaler.version.startswith(f"v{version}.")


def test_the_report_fails_when_a_pin_is_past_its_date_and_says_what_to_read() -> None:
    code, text = printed(old=ENDED, fine=LATER)
    assert code == 1
    assert "old: support of 1.0 ended, raise it and read https://example.org/ended" in text


def test_the_report_warns_without_failing_when_a_pin_ends_within_60_days() -> None:
    code, text = printed(near=SOON)
    assert code == 0
    assert "near: support of 3.0 ends within 60 days, plan its successor" in text
    assert "2027-01-20" in text
    assert "60" in text


def test_the_report_is_quiet_about_a_pin_that_ends_later() -> None:
    code, text = printed(fine=LATER)
    assert code == 0
    assert "support of" not in text


def test_the_report_says_why_a_pin_has_no_date() -> None:
    code, text = printed(free=UNDATED)
    assert code == 0
    assert "no date, the publisher says nothing: free" in text


def test_the_warning_alone_names_only_what_is_past_its_date_or_near_it() -> None:
    console = Console(file=io.StringIO(), width=200)

    assert pins.warn(TODAY, console, {"ended": ENDED, "soon": SOON, "later": LATER}) == 1

    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "ended: support of 1.0 ended" in text
    assert "soon: support of 3.0 ends within 60 days" in text
    assert "later" not in text
