"""Taking a cluster that is gone out of a state."""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore import exceptions
from hypothesis import given
from hypothesis import strategies as st

from tests.kubernetes_server import kubernetes_server
from tests.moto_account import OF_CLUSTER, OWNER, client, empty_account, tagged
from tests.pulumi_stand_in import StandIn, near, resource
from tools import drain
from tools import forget_cluster as tool
from tools.account import Account
from tools.cluster_api import ClusterSilent
from tools.door import PortTaken
from tools.forgetting import forget
from tools.owner import Owner
from tools.pulumi_cli import Export, Resource

CLUSTER = "urn:pulumi:staging::socle::socle:index:EksCluster::main"
PROVIDER = resource("pulumi:providers:kubernetes", "main-k8s", id="p1", parent=CLUSTER)
OURS = f"{PROVIDER['urn']}::p1"
AWS = resource("pulumi:providers:aws", "aws", id="a1")
NAMESPACE = resource("kubernetes:core/v1:Namespace", "shop", provider=OURS, parent=CLUSTER, id="shop")
RELEASE = resource("kubernetes:helm.sh/v3:Release", "web", provider=OURS, parent=NAMESPACE["urn"], id="shop/web")


def of_aws(name: str, **more: Any) -> Resource:
    return resource("aws:s3/bucket:Bucket", name, provider=f"{AWS['urn']}::a1", id=name, **more)


def state(*resources: Resource, pending: list[dict[str, Any]] | None = None) -> Export:
    more = {"pending_operations": pending} if pending else {}
    return {"version": 3, "deployment": {"manifest": {}, "resources": list(resources), **more}}


def kept(export: Export) -> dict[str, Resource]:
    return {each["urn"].rpartition("::")[2]: each for each in forget(export).export["deployment"]["resources"]}


# The state


def test_objects_releases_and_their_providers_go_and_all_else_stays() -> None:
    forgotten = forget(state(AWS, PROVIDER, NAMESPACE, RELEASE, of_aws("files")))
    assert set(kept(state(AWS, PROVIDER, NAMESPACE, RELEASE, of_aws("files")))) == {"aws", "files"}
    assert (len(forgotten.removed), forgotten.objects) == (3, 2)


def test_what_depended_on_them_keeps_its_other_dependencies() -> None:
    files = of_aws(
        "files",
        dependencies=[AWS["urn"], NAMESPACE["urn"]],
        propertyDependencies={"bucket": [NAMESPACE["urn"]], "tags": [AWS["urn"]], "acl": None},
        deletedWith=NAMESPACE["urn"],
    )
    loose = kept(state(AWS, PROVIDER, NAMESPACE, files))["files"]
    assert loose["dependencies"] == [AWS["urn"]]
    assert loose["propertyDependencies"] == {"bucket": [], "tags": [AWS["urn"]], "acl": []}
    assert "deletedWith" not in loose
    assert files["deletedWith"] == NAMESPACE["urn"]


def test_a_child_of_theirs_gets_the_nearest_parent_that_stays() -> None:
    child = of_aws("files", parent=RELEASE["urn"])
    assert kept(state(AWS, PROVIDER, NAMESPACE, RELEASE, child))["files"]["parent"] == CLUSTER


def test_pending_operations_of_the_cluster_go_and_others_are_named() -> None:
    pending = [
        {"type": "creating", "resource": resource("kubernetes:core/v1:Secret", "a", provider=f"{PROVIDER['urn']}::")},
        {"type": "creating", "resource": of_aws("late")},
    ]
    forgotten = forget(state(AWS, PROVIDER, pending=pending))
    assert "pending_operations" not in forgotten.export["deployment"]
    assert forgotten.unfinished == ["creating aws:s3/bucket:Bucket late"]


def test_a_state_without_a_cluster_stays_as_it_is() -> None:
    export = state(AWS, of_aws("files"))
    assert forget(export).export == export


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 30)), max_size=25))
def test_nothing_that_stays_points_at_what_went(drawn: list[tuple[bool, int, int]]) -> None:
    made = [AWS, PROVIDER]
    for number, (inside, parent, other) in enumerate(drawn):
        links = {"parent": made[parent % len(made)]["urn"], "dependencies": [made[other % len(made)]["urn"]]}
        of = OURS if inside else f"{AWS['urn']}::a1"
        made.append(
            resource(
                "kubernetes:core/v1:Secret" if inside else "aws:sns/topic:Topic", f"r{number}", provider=of, **links
            )
        )
    forgotten = forget(state(*made))
    left = forgotten.export["deployment"]["resources"]
    known = {each["urn"] for each in left}
    assert len(left) + len(forgotten.removed) == len(made)
    for each in left:
        assert {each.get("parent") or AWS["urn"], *each.get("dependencies", [])} <= known | {CLUSTER}


# The command

Forgot = Callable[..., tuple[int, str]]


class Silent:
    """An API where nobody answers."""

    def answers(self) -> None:
        raise ClusterSilent("timed out")


def silent(_: str) -> Any:
    return Silent()


def known_as(status: str) -> Callable[[Owner], str]:
    """What AWS says of the cluster."""
    return lambda _: status


@pytest.fixture
def stack() -> StandIn:
    return StandIn(outputs={"kubeconfig": "{}"}, resources=[AWS, PROVIDER, NAMESPACE, of_aws("files")])


@pytest.fixture
def forgot(stack: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Forgot:
    """Run the command on the stack; gives the exit code and what was printed."""

    def run(*, yes: bool = True, force: bool = False, **more: Any) -> tuple[int, str]:
        least: dict[str, Any] = {"connect": silent, "status_of": known_as(""), "reach": near}
        code = 0
        try:
            tool.run("staging", stack.pulumi(), yes=yes, force=force, backups=tmp_path / "kept", **{**least, **more})
        except typer.Exit as end:
            code = end.exit_code
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_it_keeps_the_state_loads_the_new_one_and_says_what_may_be_left(
    stack: StandIn, forgot: Forgot, tmp_path: Path
) -> None:
    code, said = forgot()
    assert code == 0
    (backup,) = (tmp_path / "kept").glob("*.json")
    assert json.loads(backup.read_text(encoding="utf-8"))["deployment"]["resources"] == stack.resources
    assert backup.stat().st_mode & 0o077 == 0
    assert [each["urn"] for each in stack.loaded[0]["deployment"]["resources"]] == [AWS["urn"], of_aws("files")["urn"]]
    assert said.startswith("staging: forgot 1 Kubernetes resources and 1 providers of theirs.\n")
    assert f"pulumi stack import --stack staging --file {backup}" in said
    assert "volumes of claims and their snapshots, DNS records, load\nbalancers of Services" in said
    assert said.rstrip().splitlines()[-1].startswith("  make leftovers STACK=staging")


def test_an_operation_that_was_under_way_is_named(stack: StandIn, forgot: Forgot) -> None:
    stack.pending = [{"type": "creating", "resource": of_aws("late")}]
    assert "forgotten, look for it in AWS: creating aws:s3/bucket:Bucket late\n" in forgot()[1]


def test_a_cluster_that_aws_has_is_not_forgotten(stack: StandIn, forgot: Forgot) -> None:
    code, said = forgot(status_of=known_as("ACTIVE"))
    assert (code, stack.loaded) == (1, [])
    assert said.startswith(
        "staging: AWS has the cluster socle-staging in eu-west-3, ACTIVE: `make destroy STACK=staging`"
    )
    assert "`python -m tools.forget_cluster staging --force` forgets it all the same" in said


def test_a_tunnel_that_cannot_be_opened_proves_nothing(stack: StandIn, forgot: Forgot) -> None:
    @contextmanager
    def taken(_: str) -> Generator[Mapping[str, str]]:
        raise PortTaken("port 16443 of this machine is taken: close that one")
        yield {}

    stack.outputs = {"kubeconfig": "{}"}
    code, said = forgot(reach=taken)
    assert (code, stack.loaded) == (1, [])
    assert said == (
        "staging: port 16443 of this machine is taken: close that one, then `make forget-cluster STACK=staging`\n"
    )


@pytest.mark.parametrize("refused", [False, True])
def test_a_cluster_whose_api_answers_is_not_forgotten(stack: StandIn, forgot: Forgot, refused: bool) -> None:
    with kubernetes_server() as server:
        if refused:
            server.fail("GET", "/version", 403)
        stack.outputs = {"kubeconfig": server.kubeconfig}
        code, said = forgot(connect=tool.cluster_api.connect)
    assert (code, stack.loaded) == (1, [])
    assert said.startswith("staging: the API of socle-staging answers: ")


def test_without_an_answer_of_aws_a_silent_api_proves_nothing(stack: StandIn, forgot: Forgot) -> None:
    def status(_: object) -> str:
        raise exceptions.NoCredentialsError

    code, said = forgot(status_of=status)
    assert (code, stack.loaded) == (1, [])
    assert said.startswith("staging: AWS does not say whether socle-staging is gone (NoCredentialsError, ")


@pytest.mark.parametrize(("stopped", "told"), [(0, "running"), (1, "running"), (2, "stopped"), (3, "")])
def test_a_k3s_cluster_is_there_as_long_as_one_of_its_machines(
    stopped: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def has_machines(stack: str) -> bool:
        return stack == "test"

    monkeypatch.setattr(drain, "has_machines", has_machines)
    with empty_account(monkeypatch):
        machines = client("ec2")
        image = machines.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        made = machines.run_instances(
            ImageId=image, MinCount=2, MaxCount=2, TagSpecifications=tagged("instance", OF_CLUSTER)
        )
        machines.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=tagged("instance"))
        ids = [each["InstanceId"] for each in made["Instances"]]
        if stopped:
            machines.stop_instances(InstanceIds=ids[:stopped])
        if stopped > len(ids):
            machines.terminate_instances(InstanceIds=ids)
        assert drain.status(Account(), OWNER) == told


def test_force_asks_nobody(stack: StandIn, forgot: Forgot) -> None:
    assert forgot(force=True, status_of=known_as("ACTIVE"))[0] == 0
    assert len(stack.loaded) == 1


def test_a_state_without_a_cluster_has_nothing_to_forget(stack: StandIn, forgot: Forgot) -> None:
    stack.resources = [AWS]
    assert forgot() == (0, "staging: its state has nothing of a cluster, there is nothing to forget\n")
    assert stack.loaded == []


def test_without_the_stacks_name_nothing_is_changed(
    stack: StandIn, forgot: Forgot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_: str, **__: object) -> str:
        return ""

    monkeypatch.setattr(typer, "prompt", answer)
    assert forgot(yes=False) == (2, "staging: that was not its name, nothing was changed\n")
    assert stack.loaded == []


def test_a_refused_import_leaves_the_backup_and_a_sentence(stack: StandIn, forgot: Forgot, tmp_path: Path) -> None:
    stack.codes, stack.said = {"stack import": 255}, "error: the stack is locked"
    code, said = forgot()
    assert code == 1
    assert "(the stack is locked)" in said
    assert len([*(tmp_path / "kept").glob("*.json")]) == 1
