"""Taking a stack down: what is asked, in which order things happen, and what the last line says."""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import typer

from tests.kubernetes_server import kubernetes_server
from tests.pulumi_stand_in import StandIn, near, resource
from tools import destroy as tool
from tools.cluster_api import ClusterSilent
from tools.drain import Means
from tools.left.item import Item
from tools.owner import Owner
from tools.prices import Price
from tools.pulumi_cli import Export, resources

BUCKET = resource("aws:s3/bucket:Bucket", "files")
NAMESPACE = resource("kubernetes:core/v1:Namespace", "shop")
LEFT = Item(
    type="ec2:volume",
    id="vol-1",
    region="eu-west-3",
    reason="tags",
    price=Price(1.86, "20 GiB gp3"),
    command="aws ec2 delete-volume --volume-id vol-1 --region eu-west-3",
)


class Sky:
    """An account without records and volumes."""

    def records(self) -> Collection[str]:
        return ()

    def volumes(self, ids: Sequence[str]) -> Collection[str]:
        return ()


def sky(_: object) -> Sky:
    return Sky()


def gone(_: object) -> str:
    return ""


def quiet(_: Owner, __: Export) -> None:
    """Nothing to cancel."""


Destroyed = Callable[..., tuple[int, str]]


@pytest.fixture
def destroyed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Destroyed:
    """Destroy a stack; gives the exit code and what was printed."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(
        stack: StandIn, left: Sequence[Item] = (), *, yes: bool = True, cancel: tool.Cancel = quiet, **means: Any
    ) -> tuple[int, str]:
        code = 0
        least: dict[str, Any] = {"cloud": sky, "status": gone, "reach": near}
        given = Means(**{**least, **means})
        try:
            tool.run("staging", stack.pulumi(), yes=yes, minutes=0, means=given, find=lambda _: left, cancel=cancel)
        except typer.Exit as end:
            code = end.exit_code
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_it_drains_then_destroys_then_lists_what_is_left(destroyed: Destroyed) -> None:
    with kubernetes_server() as server:
        stack = StandIn(outputs={"kubeconfig": server.kubeconfig}, resources=[BUCKET, NAMESPACE])
        code, said = destroyed(stack)
    assert code == 0
    assert stack.asked == ["stack export", "stack output --json --show-secrets", "destroy --yes"]
    drained, nothing, last = (
        said.index("staging: drained"),
        said.index("nothing is left in AWS"),
        said.index("`make remove STACK=staging`"),
    )
    assert drained < nothing < last


def test_the_api_is_within_reach_until_pulumi_has_destroyed_what_is_behind_it(destroyed: Destroyed) -> None:
    reached: list[int] = []

    @contextmanager
    def reach(name: str) -> Generator[Mapping[str, str]]:
        assert name == "staging"
        reached.append(len(stack.asked))
        yield {"TOLD": "so"}
        reached.append(len(stack.asked))

    with kubernetes_server() as server:
        stack = StandIn(outputs={"kubeconfig": server.kubeconfig}, resources=[NAMESPACE])
        destroyed(stack, reach=reach)
    opened, closed = reached
    assert stack.asked[opened:closed] == ["stack output --json --show-secrets", "destroy --yes"]
    assert stack.variables[-1] == {"TOLD": "so"}


def test_spot_requests_are_cancelled_before_pulumi_terminates_their_machines(destroyed: Destroyed) -> None:
    stack = StandIn(resources=[BUCKET])
    asked: list[int] = []

    def cancel(owner: Owner, export: Export) -> str:
        assert (owner.stack, resources(export)) == ("staging", [BUCKET])
        asked.append(len(stack.asked))
        return "staging: spot requests cancelled"

    code, said = destroyed(stack, cancel=cancel)
    assert code == 0
    assert stack.asked[asked[0] :] == ["destroy --yes"]
    assert "staging: spot requests cancelled\n" in said


def test_a_stack_without_a_cluster_is_not_drained(destroyed: Destroyed) -> None:
    stack = StandIn(resources=[BUCKET])
    assert destroyed(stack)[0] == 0
    assert stack.asked == ["stack export", "destroy --yes"]


def test_a_cluster_that_was_forgotten_is_not_drained(destroyed: Destroyed) -> None:
    stack = StandIn(outputs={"kubeconfig": "{}"}, resources=[BUCKET])
    assert destroyed(stack)[0] == 0
    assert stack.asked == ["stack export", "destroy --yes"]


def test_a_protected_resource_stops_it_before_anything_is_touched(destroyed: Destroyed) -> None:
    stack = StandIn(resources=[BUCKET, resource("aws:s3/bucket:Bucket", "backups", protect=True)])
    code, said = destroyed(stack)
    assert (code, stack.asked) == (1, ["stack export"])
    assert said == (
        "staging: 1 resources are protected, nothing was changed. To lose them and their data, type\n"
        "  pulumi state unprotect 'urn:pulumi:staging::socle::aws:s3/bucket:Bucket::backups' --stack staging --yes\n"
        "then `make destroy STACK=staging`\n"
    )


@pytest.mark.parametrize(("typed", "code"), [("staging", 0), ("prod", 2), ("", 2)])
def test_it_asks_for_the_name_of_the_stack(
    destroyed: Destroyed, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    questions: list[str] = []

    def answer(question: str, **_: object) -> str:
        questions.append(question)
        return typed

    monkeypatch.setattr(typer, "prompt", answer)
    stack = StandIn(resources=[BUCKET])
    assert destroyed(stack, yes=False)[0] == code
    assert questions == ["staging: 1 resources are deleted, with their data. Type staging to go on"]
    assert ("destroy --yes" in stack.asked) == (code == 0)


def test_a_cluster_that_is_gone_stops_it_with_the_way_on(destroyed: Destroyed) -> None:
    class Gone:
        def answers(self) -> None:
            raise ClusterSilent("Name or service not known")

    stack = StandIn(outputs={"kubeconfig": "{}"}, resources=[NAMESPACE])

    def connect(_: str) -> Gone:
        return Gone()

    code, said = destroyed(stack, connect=connect)
    assert (code, "destroy --yes" in stack.asked) == (1, False)
    assert "(Name or service not known; AWS has no cluster socle-staging in eu-west-3)" in said
    assert "`make forget-cluster STACK=staging`" in said


def test_what_the_drain_could_not_delete_stops_it(destroyed: Destroyed) -> None:
    with kubernetes_server() as server:
        metadata = {"name": "data", "namespace": "shop", "finalizers": ["kubernetes.io/pvc-protection"]}
        server.put({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata})
        stack = StandIn(outputs={"kubeconfig": server.kubeconfig}, resources=[NAMESPACE])
        code, said = destroyed(stack)
    assert (code, "destroy --yes" in stack.asked) == (1, False)
    assert "staging: nothing was destroyed, for the cluster could not be emptied" in said


def test_the_exit_code_of_a_failed_destroy_is_pulumis(destroyed: Destroyed) -> None:
    code, said = destroyed(StandIn(resources=[BUCKET], codes={"destroy": 255}))
    assert code == 255
    assert said.startswith("staging: pulumi stopped, what still exists is in its state: correct the cause above")


def test_what_is_left_fails_it_and_the_last_line_says_what_to_do(destroyed: Destroyed) -> None:
    code, said = destroyed(StandIn(resources=[BUCKET]), [LEFT])
    assert code == 1
    assert LEFT.command in said
    assert said.endswith(
        "staging: destroyed, but for these: type the commands above, then `make leftovers STACK=staging`\n"
    )


def test_an_empty_state_is_not_destroyed_and_leftovers_are_listed_all_the_same(destroyed: Destroyed) -> None:
    stack = StandIn()
    code, said = destroyed(stack, [LEFT])
    assert (code, stack.asked) == (1, ["stack export"])
    assert said.startswith("staging: its state has no resources\n")


def test_a_failing_pulumi_is_told_in_a_sentence(destroyed: Destroyed) -> None:
    stack = StandIn(codes={"stack export": 255}, said="error: no stack named 'staging' found\n")
    assert destroyed(stack) == (
        1,
        'staging: there is no state of a stack "staging": `make stacks` shows those that are there, and if it was '
        "deleted `make rescue STACK=staging` brings it back, then `make destroy STACK=staging`\n",
    )
