"""The checks that do not count."""

from pathlib import Path

import pytest

from settings import SettingsError
from tools.checking.scan import Broken
from tools.checking.skips import Skip, judge, read

DIGEST = Broken("CKV_K8S_43", "kubernetes:apps/v1:Deployment web", "Image should use digest", "")
PULL = Broken("CKV_K8S_15", "kubernetes:apps/v1:Deployment web", "Always", "")


def written(folder: Path, text: str) -> Path:
    file = folder / "skipped.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_ours_have_a_reason_each() -> None:
    skips = read()
    assert skips
    assert all(len(skip.reason.split()) > 5 for skip in skips)


def test_a_skip_lets_off_its_check_on_its_resources_alone() -> None:
    skip = Skip(check="CKV_K8S_43", resource="kubernetes:apps/v1:Deployment w*", reason="a reason of some length")
    other = Broken("CKV_K8S_43", "kubernetes:batch/v1:Job web", "Image should use digest", "")
    judged = judge([DIGEST, PULL, other], [skip])
    assert set(judged.counts) == {PULL, other}
    assert judged.skipped == ((skip, (DIGEST,)),)
    assert judged.unused == []


def test_a_skip_that_nothing_needs_is_known() -> None:
    skip = Skip(check="CKV_K8S_43", reason="a reason of some length")
    assert judge([PULL], [skip]).unused == [skip]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- check: CKV_K8S_43\n", "skipped.yaml: [0].reason: field required, got {'check': 'CKV_K8S_43'}"),
        ("- {check: CKV_K8S_43, reason: why}\n", "[0].reason: string should have at least 10 characters, got 'why'"),
        ("- {check: K8S_43, reason: for a good reason}\n", "[0].check: string should match pattern"),
        (
            "- {check: CKV_K8S_43, reason: for a good reason, until: 2027}\n",
            "[0].until: extra inputs are not permitted",
        ),
        ("check: CKV_K8S_43\n", "skipped.yaml: the whole: input should be a valid list"),
        ("- [\n", "skipped.yaml: is no YAML (while parsing"),
    ],
)
def test_a_wrong_file_is_told_by_its_key(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read(written(tmp_path, text))
    assert sentence in "\n".join(raised.value.problems)
