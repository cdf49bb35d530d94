"""Takes the bootstrap down: what must be gone before, and what the engine leaves to us."""

from collections.abc import Iterator

from bootstrap.answers import FILE
from tools.bootstrapping import files
from tools.bootstrapping.checkout import projects
from tools.bootstrapping.engine_stack import project_state_key
from tools.bootstrapping.means import BootstrapRefused, Team
from tools.bootstrapping.preflight import stack_files
from tools.bootstrapping.whereabouts import objects_of
from tools.sentences import FAILED
from tools.state.checkpoint import StateBroken, deployment_of, pending_of, resources_of

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_AT_ONCE = 1000
_STATES = ".pulumi/stacks/"
_LOCKS = ".pulumi/locks/"
_STATE = (".json", ".json.gz")


def refuse_living(team: Team, again: str) -> None:
    """Refuse while any stack in the bucket, of whatever project, has resources or is being worked on."""
    problems = [*_living(team), *_held(team)]
    if problems:
        raise BootstrapRefused(
            "\n".join(
                (*problems, f"bootstrap: these need the bucket and its keys, nothing was changed; then `{again}`")
            ),
            FAILED,
        )


def delete_bucket(team: Team) -> None:
    """Delete all versions of all objects, then the bucket. What is gone already is passed over."""
    s3, bucket = team.client("s3"), team.backend.bucket
    found = [{"Key": each.key, "VersionId": each.version} for each in objects_of(team).versions_under("")]
    for start in range(0, len(found), _AT_ONCE):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": found[start : start + _AT_ONCE], "Quiet": True})
        for error in answer.get("Errors", ()):
            raise BootstrapRefused(f"{bucket}: S3 keeps {error['Key']} ({error['Code']}): delete it by hand", FAILED)
    s3.delete_bucket(Bucket=bucket)


def sealed(team: Team) -> dict[str, list[str]]:
    """Keys in the stacks' files whose values nobody can read once their key is gone, by file."""
    found = {file.name: files.sealed_keys(file) for file in stack_files(team.means.folder).values()}
    return {name: keys for name, keys in found.items() if keys}


def restore_files(team: Team) -> None:
    """Take the address and the keys out of the files that the bootstrap wrote them into. Account numbers stay."""
    for project in projects(team.means.folder):
        files.drop_backend(project)
    for file in (team.means.folder / FILE, *stack_files(team.means.folder).values()):
        files.drop_provider(file)


def _living(team: Team) -> Iterator[str]:
    objects, own = objects_of(team), project_state_key(team)
    for key in objects.keys(_STATES):
        if not key.endswith(_STATE) or key.removesuffix(".gz") == own:
            continue
        project, _, file = key.removeprefix(_STATES).rpartition("/")
        stack = file.partition(".json")[0]
        name = stack if project in ("", "socle") else f"{stack} of {project}"
        stored = objects.read(key)
        try:
            deployment = deployment_of(stored.body) if stored else {}
        except StateBroken as error:
            yield f"{name}: {error}, so nobody knows what it has: `make rescue STACK={stack}` brings a version back"
            continue
        count = len(resources_of(deployment)) + len(pending_of(deployment))
        if count:
            yield f"{name}: has {count} resources: `make destroy STACK={stack}` takes them down"


def _held(team: Team) -> Iterator[str]:
    for key in objects_of(team).keys(_LOCKS):
        path = key.removeprefix(_LOCKS).split("/")
        if len(path) > 1 and "socle-bootstrap" not in path:
            yield f"{path[-2]}: is locked by an update: `make locks` says whose"
