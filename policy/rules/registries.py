"""What images are built with and kept in."""

from collections.abc import Iterator
from typing import Final

from policy.rules.model import Context, Resource, Said, Stack, StackCheck, at, on

REPOSITORY: Final = "aws:ecr/repository:Repository"
_LIFECYCLE: Final = "aws:ecr/lifecyclePolicy:LifecyclePolicy"


@on(REPOSITORY)
def repository(store: Resource, _: Context) -> Iterator[str]:
    """A tag always means the same image, and images are scanned."""
    if store.at("imageTagMutability", default="MUTABLE") != "IMMUTABLE":
        yield "imageTagMutability is not IMMUTABLE"
    if not store.yes("imageScanningConfiguration", "scanOnPush"):
        yield "imageScanningConfiguration.scanOnPush is not true"


def _lifecycles(stack: Stack) -> Iterator[Said]:
    lacking = len(list(stack.of(REPOSITORY))) - len(list(stack.of(_LIFECYCLE)))
    for store in list(stack.of(REPOSITORY))[:lacking] if lacking > 0 else []:
        yield store, "old images are kept and paid for ever (LifecyclePolicy)"


@on("aws:codebuild/project:Project")
def build(project: Resource, _: Context) -> Iterator[str]:
    """Builds have no rights over their machine, unless they build images; what they make is encrypted."""
    image = str(project.at("environment", "image", default=""))
    if project.yes("environment", "privilegedMode") and "docker" not in image:
        yield "environment.privilegedMode is true, and its image builds no images"
    if project.yes("artifacts", "encryptionDisabled"):
        yield "artifacts.encryptionDisabled is true"


@on("aws:codepipeline/pipeline:Pipeline")
def pipeline(pipeline_: Resource, _: Context) -> Iterator[str]:
    """What a pipeline hands on is encrypted with a key."""
    for store in pipeline_.each("artifactStores"):
        if store.get("encryptionKey") is None:
            yield f"the artefacts in {at(store, 'location')} are encrypted with no key of ours"


CHECKS: Final = {"ECR-01": (repository, StackCheck(_lifecycles)), "CI-01": (build, pipeline)}
