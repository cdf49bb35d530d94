"""Secrets: none in clear where the cloud's settings show it, and a time of grace for those that are kept."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from policy.rules.machines import INSTANCE, TEMPLATE
from policy.rules.model import UNKNOWN, Context, Resource, Sealed, at, each, on
from policy.rules.pods import WORKLOADS, containers

_FORMS: Final = re.compile(
    r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----|gl(?:pat|rt)-[\w-]{16,}|gh[pousr]_\w{30,}|xox[abp]-[\w-]{10,}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+|K10[0-9a-f]{20,}::"
)
"""What secrets look like by themselves: keys of AWS, tokens of GitLab, GitHub, Slack and K3s, JWTs."""
_NAMES: Final = re.compile(r"passw(?:or)?d|secret|token|api_?key|app_?key|private_?key|credential", re.IGNORECASE)
_ASSIGNED: Final = re.compile(
    r"(?:passw(?:or)?d|secret|token|api_?key)\w*['\"]?\s*[=:]\s*['\"]?(?![$<{])[\w+/.-]{12,}", re.IGNORECASE
)
_ABOUT: Final = re.compile(
    r"(?:name|ref|file|path|key|enabled|exist\w*|create\w*|mount\w*|arn|url|id|ttl|namespace|annotations?|labels?)s?\Z"
    r"|automount|\Aexisting|\Ause|serviceaccount",
    re.IGNORECASE,
)
"""Names of what tells where a secret is, and is none."""
_SHORTEST: Final = 6
_OPEN: Final = "PLAINTEXT"


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return text


@on(INSTANCE, TEMPLATE)
def user_data(machine: Resource, _: Context) -> Iterator[str]:
    """User data has no secret: whoever is on the machine, or describes it, reads it."""
    for key in ("userData", "userDataBase64"):
        text = machine.at(key, default="")
        if isinstance(text, Sealed):
            yield f"{key} is made from a secret, and shows it to every process of the machine"
        elif _FORMS.search(plain := _decoded(str(text))) or _ASSIGNED.search(plain):
            yield f"{key} has a secret in clear"


def _in_clear(values: Any, path: str = "") -> Iterator[str]:
    """Paths of texts that are secrets by their name or form, and are not marked as such."""
    if isinstance(values, Mapping):
        for key, value in cast(Mapping[str, Any], values).items():
            below = f"{path}.{key}" if path else key
            if isinstance(value, str) and not isinstance(value, Sealed):
                if _FORMS.search(value) or (_names_one(key) and len(value) >= _SHORTEST):
                    yield below
            else:
                yield from _in_clear(value, below)
    elif isinstance(values, list):
        for index, value in enumerate(cast(list[Any], values)):
            if isinstance(value, str) and not isinstance(value, Sealed) and _FORMS.search(value):
                yield f"{path}[{index}]"
            else:
                yield from _in_clear(value, f"{path}[{index}]")


def _names_one(key: str) -> bool:
    if key.lower() == "secret" or key.lower().startswith("existing"):
        return False  # charts call the name of a Secret so
    if re.search(r"(?:api|app|private|secret|access)_?key\Z", key, re.IGNORECASE):
        return True
    return bool(_NAMES.search(key)) and not _ABOUT.search(key)


@on("aws:lambda/function:Function")
def function(function_: Resource, _: Context) -> Iterator[str]:
    """Variables of a function have no secret."""
    for path in _in_clear(function_.at("environment", "variables", default={})):
        yield f"environment.variables.{path} has a secret in clear"


@on("aws:codebuild/project:Project")
def build(project: Resource, _: Context) -> Iterator[str]:
    """Variables of a build that are secrets come from a store."""
    for variable in project.at("environment", "environmentVariables", default=[]):
        name = str(at(variable, "name", default=""))
        if at(variable, "type", default=_OPEN) == _OPEN and _names_one(name):
            yield f"the variable {name} is {_OPEN}"


@on("kubernetes:helm.sh/v3:Release")
def release(release_: Resource, _: Context) -> Iterator[str]:
    """Values of a chart have no secret in clear."""
    if release_.inputs.get("values") is UNKNOWN:
        release_.at("values")
    for path in _in_clear(release_.at("values", default={})):
        yield f"values.{path} has a secret in clear"


@on("kubernetes:core/v1:ConfigMap")
def words(map_: Resource, _: Context) -> Iterator[str]:
    """A ConfigMap has no secret."""
    for path in _in_clear(map_.at("data", default={})):
        yield f"data.{path} has a secret in clear"


@on(*WORKLOADS)
def pod(workload: Resource, _: Context) -> Iterator[str]:
    """Variables of containers have no secret in clear."""
    for container in containers(workload):
        for variable in each(container, "env"):
            name = str(at(variable, "name", default=""))
            value = at(variable, "value") if _names_one(name) else variable.get("value")
            given = isinstance(value, str) and not isinstance(value, Sealed)
            if given and (_FORMS.search(value) or (_names_one(name) and len(value) >= _SHORTEST)):
                yield f"the variable {name} of the container {at(container, 'name')} has a secret in clear"


@on("aws:secretsmanager/secret:Secret")
def grace(secret: Resource, context: Context) -> Iterator[str]:
    """A deleted secret can be had back for some days, except where a stack comes and goes."""
    if int(secret.at("recoveryWindowInDays", default=30)) == 0 and not context.expires:
        yield "recoveryWindowInDays is 0: deleted by mistake, it is gone at once"


@on("aws:ssm/parameter:Parameter")
def parameter(parameter_: Resource, _: Context) -> Iterator[str]:
    """A parameter that is a secret by its name is of the kind that is encrypted."""
    name = str(parameter_.at("name", default=parameter_.name))
    if parameter_.at("type") != "SecureString" and (
        _NAMES.search(name) or isinstance(parameter_.at("value", default=""), Sealed)
    ):
        yield f"the parameter {name} holds a secret, and its type is not SecureString"


CHECKS: Final = {"EC2-05": (user_data, function, build, release, words, pod), "SEC-01": (grace, parameter)}
