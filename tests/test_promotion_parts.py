"""The pure parts of a promotion: what a state runs, the difference, the file, and where digests come from."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from components.versions import CHARTS, PROGRAMS
from settings import Versions, parse, read_versions
from settings.versions_file import APPLICATIONS, SECTIONS
from tests.kubernetes_server import KubernetesServer, kubernetes_server
from tests.stack_examples import of_file
from tools.cluster_api import connect
from tools.promotion.difference import Row, difference, not_run, short, step, to_write
from tools.promotion.digests import Answer, Found, in_cluster, in_registry, parts
from tools.promotion.document import merged, new_text, written
from tools.promotion.report import Promotion
from tools.promotion.running import Unreadable, running
from tools.promotion.used import used

PROD = parse(of_file("prod"))
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
IMAGE = "registry.gitlab.com/devu42/api-utilisateurs:1.2.0"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}

numbers = st.integers(0, 99).map(str)
chart_versions = st.builds("{}{}.{}.{}{}".format, st.sampled_from(("", "v")), numbers, numbers, numbers,
                           st.sampled_from(("", "-rc.1", "+k3s1")))  # fmt: skip
program_versions = st.builds("{}{}.{}{}".format, st.sampled_from(("", "v")), numbers, numbers,
                             st.sampled_from(("", "-alpine", ".1e5", "e3", "_0")))  # fmt: skip
images = st.builds("team/{}:{}{}".format, st.sampled_from(("api", "front")), program_versions,
                   st.sampled_from(("", f"@{DIGEST}")))  # fmt: skip
versions = st.builds(
    Versions,
    st.dictionaries(st.sampled_from(sorted(CHARTS)), chart_versions),
    st.dictionaries(st.sampled_from(sorted(PROGRAMS)), program_versions),
    st.dictionaries(st.sampled_from(APPLICATIONS), images),
)


# Another process may have the machine for a while.
relaxed = hypothesis_settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])


def read(text: str) -> Versions:
    with TemporaryDirectory() as folder:
        (Path(folder) / "versions").mkdir()
        (Path(folder) / "versions" / "prod.yaml").write_text(text, encoding="utf-8")
        return read_versions("prod", Path(folder))


# The file


@relaxed
@given(versions)
def test_what_is_written_is_what_is_read(wanted: Versions) -> None:
    assert read(written(new_text("prod"), wanted)) == wanted


@relaxed
@given(versions, versions)
def test_a_file_is_written_twice_alike_and_knows_nothing_of_its_past(before: Versions, after: Versions) -> None:
    text = written(written(new_text("prod"), before), after)
    assert text == written(text, after) == written(new_text("prod"), after)


@relaxed
@given(versions, versions)
def test_a_promotion_adds_and_replaces_and_removes_nothing(kept: Versions, more: Versions) -> None:
    both = merged(kept, {section: more.section(section) for section in SECTIONS})
    for section in SECTIONS:
        assert both.section(section) == {**kept.section(section), **more.section(section)}


def test_comments_stay_with_what_they_are_about() -> None:
    text = """\
# Of the file.

charts:  # of charts
  velero: 12.0.0   # behind velero
  # above cert-manager
  cert-manager: v1.0.0
images:
  # above users-api
  users-api: team/api:1.0
  # at the end
"""
    wanted = Versions({"cert-manager": "v1.1.0", "velero": "12.1.0"}, {"redis": "8.10"}, {"users-api": "team/api:2.0"})
    assert (
        written(text, wanted)
        == """\
# Of the file.
charts:  # of charts
  # above cert-manager
  cert-manager: v1.1.0
  velero: 12.1.0  # behind velero
programs:
  redis: "8.10"
images:
  # above users-api
  users-api: team/api:2.0
# at the end
"""
    )


def test_comments_of_a_section_without_entries_and_of_one_on_a_single_line_stay() -> None:
    text = "# top\nprograms: {redis: 8.0.1}  # behind\n# above\ncharts: # none yet\n"
    assert written(text, Versions({}, {"redis": "8.0.2"})) == (
        "# top\n# above\n# none yet\nprograms:  # behind\n  redis: 8.0.2\n"
    )


# The difference


def test_prod_gets_what_it_uses_of_what_staging_runs_in_the_order_of_the_file() -> None:
    runs = Versions(
        {"traefik": "42.0.0", "cert-manager": CHARTS["cert-manager"].version, "snapshot-controller": "9.9.9"},
        {"redis": "9.0.0", "velero": "v1.17.0"},
        {"users-api": f"{IMAGE}@{DIGEST}", "f1-vote": f"team/vote:1.0@{DIGEST}"},
    )
    assert [(row.called, row.changed, row.step) for row in difference(PROD, runs)] == [
        ("cert-manager chart", False, ""),
        ("traefik chart", True, "major"),
        ("velero program", True, "back"),
        ("users-api", True, ""),
    ]
    assert "cluster-autoscaler" in not_run(PROD, runs)
    assert not {"redis", "snapshot-controller", "f1-vote", "traefik"} & set(not_run(PROD, runs))


@relaxed
@given(versions)
def test_once_promoted_there_is_nothing_to_promote(runs: Versions) -> None:
    first = to_write(difference(PROD, runs))
    changes: dict[str, dict[str, str]] = {}
    for row in first:
        changes.setdefault(row.section, {})[row.name] = row.runs
    after = PROD.kept_on(merged(PROD.versions, changes))
    assert to_write(difference(after, runs)) == []
    for section in SECTIONS:
        promoted = {name: value for name, value in runs.section(section).items() if name in used(PROD)[section]}
        assert after.versions.section(section) == promoted


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("v1.20.0", "v1.21.1", ""),
        ("1.21.1", "2.0.0", "major"),
        ("0.7.0", "0.8.0", "major"),
        ("0.7.0", "0.7.1", ""),
        ("0.9.0", "1.0.0", "major"),
        ("2.0.0", "1.9.9", "back"),
        ("18.4-system-trixie", "19.1-system-trixie", "major"),
        ("0f3c2a1", "9e8d7c6", ""),
        ("", "1.0.0", ""),
    ],
)
def test_a_step_that_may_break_something_is_known(old: str, new: str, expected: str) -> None:
    assert step(old, new) == expected


def test_another_repository_has_no_order_of_versions() -> None:
    assert Row("images", "users-api", "team/api:2.0.0", False, "other/api:1.0.0").step == ""
    assert Row("images", "users-api", "team/api:1.0.0", False, f"team/api:2.0.0@{DIGEST}").step == "major"


def test_a_digest_for_the_tag_that_is_there_is_pinned_and_changes_nothing() -> None:
    row = Row("images", "users-api", IMAGE, True, f"{IMAGE}@{DIGEST}")
    assert (row.changed, to_write([row])) == (False, [row])


@pytest.mark.parametrize(
    ("version", "said"),
    [(f"{IMAGE}@{DIGEST}", "1.2.0"), (IMAGE, "1.2.0"), (f"team/api@{DIGEST}", f"sha256:{'a' * 12}"), ("v1.2", "v1.2")],
)
def test_a_version_is_said_in_short(version: str, said: str) -> None:
    assert short(version) == said


def test_a_title_that_would_be_too_long_counts() -> None:
    rows = [
        Row("charts", name, "1.0.0", False, "1.0.1") for name in ("cert-manager", "external-dns", "traefik", "velero")
    ]
    assert Promotion("staging", "prod", "now", rows[:1]).message().splitlines()[0] == (
        "chore(prod): promote cert-manager 1.0.1 from staging"
    )
    assert Promotion("staging", "prod", "now", rows).message().splitlines()[0] == (
        "chore(prod): promote 4 versions from staging"
    )
    assert (
        Promotion("staging", "prod", "now", [Row("charts", "velero", "1.0.0", False, "1.0.0")])
        .message()
        .splitlines()[0]
        == "chore(prod): pin 1 version as staging runs them"
    )


# What a state runs


def deployment(image: Any, **more: Any) -> dict[str, Any]:
    kinds = "socle:index:UsersApi$kubernetes:apps/v1:Deployment"
    containers = [{"name": "proxy", "image": "x:1"}, {"name": "users-api", "image": image}]
    inputs = {"spec": {"template": {"spec": {"containers": containers}}}}
    return {"urn": f"urn:pulumi:staging::socle::{kinds}::api", "type": kinds.split("$")[1], "inputs": inputs, **more}


def test_what_waits_for_its_deletion_does_not_count() -> None:
    assert running([deployment("team/api:2.0"), deployment("team/api:1.0", delete=True)]).images == {
        "users-api": "team/api:2.0"
    }


def test_an_image_that_is_encrypted_or_missing_is_told() -> None:
    hidden = deployment("x")
    hidden["inputs"]["spec"]["template"]["spec"]["containers"] = SECRET
    with pytest.raises(Unreadable, match=r"spec\.template\.spec\.containers of api is encrypted"):
        running([hidden])
    hidden["inputs"]["spec"] = {}
    with pytest.raises(Unreadable, match=r"spec\.template\.spec\.containers of api is missing"):
        running([hidden])


# Digests


@pytest.fixture
def server() -> Iterator[KubernetesServer]:
    with kubernetes_server() as there:
        yield there


def pod(server: KubernetesServer, name: str, image_id: str, image: str = IMAGE, namespace: str = "users-api") -> None:
    server.put(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"containers": [{"name": "users-api", "image": image}]},
            "status": {"containerStatuses": [{"name": "users-api", "image": image, "imageID": image_id}]},
        }
    )


def seen(server: KubernetesServer) -> Found:
    return in_cluster(connect(server.kubeconfig), "users-api", IMAGE)


def test_the_digest_is_the_one_that_all_pods_run(server: KubernetesServer) -> None:
    name = IMAGE.rpartition(":")[0]
    pod(server, "one", f"{name}@{DIGEST}")
    pod(server, "two", f"docker-pullable://{name}@{DIGEST}")
    pod(server, "old", f"{name}@{OTHER}", image=f"{name}:1.1.0")
    pod(server, "elsewhere", f"{name}@{OTHER}", namespace="default")
    pod(server, "by-hand", OTHER)
    assert seen(server) == Found(DIGEST, "as its pods run it")


def test_pods_that_run_two_builds_of_a_tag_tell_no_digest(server: KubernetesServer) -> None:
    pod(server, "one", f"x@{DIGEST}")
    pod(server, "two", f"x@{OTHER}")
    assert seen(server).reason == f"its pods run 2 images of that tag, {DIGEST} and {OTHER}"
    assert seen(server).several


def test_a_cluster_without_such_pods_or_that_refuses_tells_no_digest(server: KubernetesServer) -> None:
    assert seen(server).reason == "no pod in the cluster runs it, or none says by which digest"
    server.fail("GET", "/api/v1/pods", 403)
    assert seen(server).reason.startswith("the cluster does not say (GET /api/v1/pods: 403")


@dataclass
class Reply:
    """An answer over HTTP."""

    status_code: int
    headers: dict[str, str] = field(default_factory=dict[str, str])
    content: Any = None

    def json(self) -> Any:
        return self.content


@dataclass
class Registry:
    """Answers by method and address, and what was asked."""

    answers: dict[str, list[Reply]]
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list[tuple[str, Mapping[str, str]]])

    def __call__(self, method: str, url: str, headers: Mapping[str, str]) -> Answer:
        self.asked.append((f"{method} {url}", headers))
        return self.answers[f"{method} {url}"].pop(0)


MANIFEST = "HEAD https://registry.gitlab.com/v2/devu42/api-utilisateurs/manifests/1.2.0"
CHALLENGE = {
    "WWW-Authenticate": 'Bearer realm="https://gitlab.com/jwt/auth",service="registry",scope="repository:a/b:pull"'
}
TOKEN = "GET https://gitlab.com/jwt/auth?scope=repository%3Aa%2Fb%3Apull&service=registry"


def test_a_public_registry_tells_the_digest_of_a_tag_once_it_gave_a_token() -> None:
    there = Registry(
        {
            MANIFEST: [Reply(401, CHALLENGE), Reply(200, {"Docker-Content-Digest": DIGEST})],
            TOKEN: [Reply(200, content={"token": "t"})],
        }
    )
    assert in_registry(IMAGE, there) == Found(DIGEST, "as registry.gitlab.com says today")
    assert "application/vnd.oci.image.index.v1+json" in there.asked[0][1]["Accept"]
    assert there.asked[2][1]["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({MANIFEST: [Reply(404)]}, "the registry registry.gitlab.com does not tell strangers (404)"),
        ({MANIFEST: [Reply(401)]}, "the registry registry.gitlab.com does not tell strangers (401)"),
        (
            {MANIFEST: [Reply(401, {"WWW-Authenticate": 'Bearer realm="http://plain/"'})]},
            "does not tell strangers (401)",
        ),
        ({MANIFEST: [Reply(401, CHALLENGE)], TOKEN: [Reply(403)]}, "does not tell strangers (401)"),
        ({MANIFEST: [Reply(200, {"Docker-Content-Digest": "md5:1"})]}, "does not tell strangers (200)"),
    ],
    ids=["unknown", "no challenge", "token in plain", "no token", "no digest"],
)
def test_a_registry_that_tells_no_digest_is_named(answers: dict[str, list[Reply]], reason: str) -> None:
    assert in_registry(IMAGE, Registry(answers)).reason.endswith(reason)


def test_a_registry_that_does_not_answer_is_named() -> None:
    def silent(method: str, url: str, headers: Mapping[str, str]) -> Answer:
        raise requests.ConnectionError(f"{method} {url} {json.dumps(dict(headers))}")

    assert in_registry(IMAGE, silent).reason == "the registry registry.gitlab.com does not answer (ConnectionError)"


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (IMAGE, ("registry.gitlab.com", "devu42/api-utilisateurs", "1.2.0")),
        ("localhost:5000/api:1.0", ("localhost:5000", "api", "1.0")),
        ("team/api:1.0", ("docker.io", "team/api", "1.0")),
        ("redis:8.0", ("docker.io", "library/redis", "8.0")),
    ],
)
def test_an_image_is_asked_for_where_it_is(image: str, expected: tuple[str, str, str]) -> None:
    assert parts(image) == expected
