"""The site itself: what its scripts decide, and the whole of it in a browser, where Node and Chromium are."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tools import site_build
from tools.site.built import SOURCE, digest_of_sources, read_built
from tools.site.headers import KEPT
from tools.site.place import Place

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_LONG: Final = 300

node = pytest.mark.skipif(not site_build.node(), reason="Node is not on this machine: `make site` says which it needs")
browser = pytest.mark.skipif(
    not any(map(shutil.which, BROWSERS)) and not os.environ.get("CI"),
    reason="Chromium is not on this machine: with it, the site is tested in a browser",
)


def javascript(code: str, given: object = None) -> Any:
    """What a module prints as JSON; it sees what is `given`."""
    done = subprocess.run(
        ["node", "--input-type=module", "-"],  # noqa: S607 (node is where the person put it)
        input=f"const given = {json.dumps(given)};\n{code}",
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@node
def test_a_build_is_stamped_with_the_digest_that_publishing_computes() -> None:
    code = "import { digestOfSources } from './scripts/stamp.mjs'; console.log(JSON.stringify(digestOfSources()));"
    assert javascript(code) == digest_of_sources()


# The scan

GRAVE: Final = {"astro": {"name": "astro", "severity": "high", "range": "<6"}, "x": {"name": "x", "severity": "low"}}
OSV: Final = {
    "results": [
        {
            "packages": [
                {
                    "package": {"name": "a", "version": "1"},
                    "groups": [{"ids": ["GHSA-1"], "max_severity": "9.8"}, {"ids": ["GHSA-2"], "max_severity": "4.0"}],
                },
                {"package": {"name": "b", "version": "2"}, "groups": [{"ids": ["GHSA-3"], "max_severity": ""}]},
            ]
        }
    ]
}


SCANS: Final[list[tuple[str, tuple[int, object, str], tuple[bool, list[str]]]]] = [
    ("signatures", (0, {"invalid": [], "missing": []}, ""), (True, [])),
    (
        "signatures",
        (1, {"invalid": [{"name": "a", "version": "1"}], "missing": [{"name": "b", "version": "2"}]}, ""),
        (True, ["a@1: wrong signature", "b@2: no signature"]),
    ),
    ("signatures", (1, {"error": {"summary": "getaddrinfo ENOTFOUND"}}, ""), (False, [])),
    ("signatures", (1, "", "npm error network"), (False, [])),
    ("audit", (0, {"vulnerabilities": {}, "metadata": {}}, ""), (True, [])),
    ("audit", (1, {"vulnerabilities": GRAVE, "metadata": {}}, ""), (True, ["astro: high (<6)"])),
    ("audit", (1, {"message": "405 Method Not Allowed"}, ""), (False, [])),
    ("osv", (0, {"results": []}, ""), (True, [])),
    ("osv", (1, OSV, ""), (True, ["a@1: GHSA-1", "b@2: GHSA-3"])),
    ("osv", (127, "", "no route to host"), (False, [])),
    ("trivy", (0, "", ""), (True, [])),
    ("trivy", (1, "CVE-1", ""), (True, ["CVE-1"])),
    ("trivy", (1, "", "FATAL database download failed"), (False, [])),
]


@node
@pytest.mark.parametrize(("scanner", "said", "read"), SCANS)
def test_a_scanner_that_did_not_answer_is_never_taken_for_nothing_found(
    scanner: str, said: tuple[int, object, str], read: tuple[bool, list[str]]
) -> None:
    status, stdout, stderr = said
    text = stdout if isinstance(stdout, str) else json.dumps(stdout)
    code = f"""import {{ readings }} from './scripts/readings.mjs';
console.log(JSON.stringify(readings.{scanner}(given)));"""
    found = javascript(code, {"status": status, "stdout": text, "stderr": stderr})
    assert (found["answered"], found["wrong"]) == read


FINE: Final = (True, "")
SILENT: Final = (False, "")
WRONG: Final = (True, "a")


@node
@pytest.mark.parametrize(
    ("answers", "code", "verdict"),
    [
        ([[FINE], [FINE]], 0, "the scan is clean"),
        ([[FINE], [SILENT, FINE]], 0, "the scan is clean"),
        ([[FINE], [SILENT]], 3, "the scan is NOT COMPLETE: this is no pass"),
        ([[SILENT], [WRONG]], 1, "the scan FAILED"),
    ],
)
def test_a_scan_passes_only_when_every_question_was_answered_well(
    answers: list[list[tuple[bool, str]]], code: int, verdict: str
) -> None:
    given = [
        {"question": "is it", "answers": [{"who": "w", "answered": a, "wrong": list(w), "said": ""} for a, w in each]}
        for each in answers
    ]
    script = "import { conclude } from './scripts/readings.mjs'; console.log(JSON.stringify(conclude(given)));"
    concluded = javascript(script, given)
    assert (concluded["code"], concluded["lines"][-1]) == (code, verdict)


# The whole


@node
@browser
def test_the_built_site_passes_its_checks_and_its_tests_in_a_browser(capfd: pytest.CaptureFixture[str]) -> None:
    site_build.run("", preview="", verbs=["build", "check", "test"])
    said = capfd.readouterr().out
    assert "0 broken" in said
    assert "17 passed" in said
    place = Place("any", "b", "eu-west-3", "E1", "https://www.example.com")
    files = read_built(place).files
    kept = [path for path, file in files.items() if file.headers.cache == KEPT]
    assert kept
    assert all(path.startswith("assets/") for path in kept)


@node
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--url is missing: `npm run synthetic -- --url https://www.example.com`"),
        (
            ["--url", "www.example.com"],
            '--url must be an address such as https://www.example.com, got "www.example.com"',
        ),
        (["--url", "ftp://x"], '--url must be an address such as https://www.example.com, got "ftp://x"'),
    ],
)
def test_the_synthetic_test_needs_an_address(arguments: list[str], said: str) -> None:
    script = Path("scripts") / "synthetic.mjs"
    done = subprocess.run(
        ["node", str(script), *arguments],  # noqa: S607 (node is where the person put it)
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONG,
    )
    assert (done.returncode, done.stderr.strip()) == (2, said)
