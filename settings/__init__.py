"""Typed settings of a stack, the sole reader of Pulumi's configuration: what is wrong is refused all at once."""

import functools
import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config
from pydantic import SecretStr, TypeAdapter, ValidationError

from settings.advice import advice
from settings.cluster import Access, Cluster, NodeGroup
from settings.conflicts import conflicts
from settings.errors import SettingsError, annotated, bare, problems_of, unknown_key, words
from settings.sections import (
    Dns,
    FlowLogs,
    Ingress,
    Network,
    Settings,
    Site,
    SiteLogs,
)
from settings.stack_files import SECRET_PLACEHOLDER, read_stack_file
from settings.versions_file import Versions, read_versions, versions_file

__all__ = [
    "Access",
    "Cluster",
    "Dns",
    "FlowLogs",
    "Ingress",
    "Network",
    "NodeGroup",
    "Settings",
    "SettingsError",
    "Site",
    "SiteLogs",
    "Versions",
    "advice",
    "load",
    "missing_secrets",
    "overlapping_stacks",
    "parse",
    "read_stack",
    "read_stack_file",
    "read_versions",
    "versions_file",
]

PROJECT = "socle"
ROOT = Path(__file__).resolve().parent.parent
"""Where Pulumi.yaml is, and beside it the versions of the stacks, wherever the engine was started."""
# What an omitted key holds: the defaults of Pulumi.yaml exist so that all mistakes are told at once, by this module.
_ABSENT = ("", "{}", "null")


def load(folder: Path = ROOT) -> Settings:
    """Settings of the running program and versions of its stack. Raises `SettingsError` with all that is wrong."""
    values: dict[str, Any] = {**config.get_config_env(), **config.CONFIG.get()}
    secrets = {key for key in values if config.is_config_secret(key)} | {*config.get_config_secret_keys_env()}
    stack = pulumi.get_stack()
    settings = _with_versions(stack, folder, values, secrets)
    missing = missing_secrets(settings)
    if missing:
        raise SettingsError(
            f'{key}: missing, needed by {reason}, set it with "make secret STACK={stack} KEY={key}"'
            for key, reason in missing.items()
        )
    return settings


def read_stack(stack: str, folder: Path = ROOT) -> Settings:
    """Settings of a stack as its files say them, before any engine starts; secrets are placeholders.

    Raises `SettingsError` with all that is wrong.
    """
    return _with_versions(stack, folder, read_stack_file(folder / f"Pulumi.{stack}.yaml"))


def parse(values: Mapping[str, str], secret_keys: Collection[str] = ()) -> Settings:
    """Settings from a map of full keys to strings, as Pulumi delivers them; secret values never show in messages.

    Raises `SettingsError`, whose `problems` hold one sentence for every wrong key.
    """
    problems = list(_unknown(values))
    given: dict[str, Any] = {}
    broken: set[str] = set()
    for name, field in Settings.model_fields.items():
        key = _full_key(name)
        text = values.get(key, "")
        if text.strip() in _ABSENT:
            if field.is_required():
                problems.append(_missing(key, words(annotated(field))))
            continue
        kind = annotated(field)
        if _is_secret(kind) and key not in secret_keys and text != SECRET_PLACEHOLDER:
            problems.append(f'{key}: expected an encrypted value, set it with "make secret STACK=... KEY={key}"')
            broken.add(name)
            continue
        try:
            given[name] = _reader(name).validate_json(_as_json(text, is_text=_is_text(kind)))
        except ValidationError as error:
            problems += problems_of(key, kind, error, secret=key in secret_keys)
            broken.add(name)
    problems += conflicts(given, broken)
    if problems:
        raise SettingsError(problems)
    return Settings.model_construct(**given)


def missing_secrets(settings: Settings) -> dict[str, str]:
    """Full keys of the secrets that a deployment with these settings lacks, with the setting that needs each.

    A stack file may be checked, and rehearsed, before it has its secrets.
    """
    monitoring = settings.monitoring
    datadog = "socle:monitoring.provider: datadog" if monitoring and monitoring.provider == "datadog" else None
    needs = {
        "datadog_api_key": datadog,
        "datadog_app_key": datadog,
        "registry_password": "socle:registry" if settings.registry else None,
        "gitlab_runner_token": "socle:gitlab_runner" if settings.gitlab_runner else None,
    }
    return {
        _full_key(name): reason for name, reason in needs.items() if reason is not None and not getattr(settings, name)
    }


def overlapping_stacks(paths: Iterable[Path]) -> list[str]:
    """One sentence for every two stack files whose networks overlap, which could then never be connected."""
    ranges: dict[str, IPv4Network] = {}
    for path in sorted(paths):
        network = parse(read_stack_file(path)).network
        if network:
            ranges[path.name] = network.cidr
    return [
        f'{two}: socle:network.cidr: expected a range that does not overlap {ranges[one]} of {one}, got "{ranges[two]}"'
        for one, two in itertools.combinations(ranges, 2)
        if ranges[one].overlaps(ranges[two])
    ]


def _with_versions(stack: str, folder: Path, values: Mapping[str, str], secret_keys: Collection[str] = ()) -> Settings:
    problems: list[str] = []
    versions = Versions()
    try:
        versions = read_versions(stack, folder)
    except SettingsError as error:
        problems += error.problems
    try:
        settings = parse(values, secret_keys)
    except SettingsError as error:
        raise SettingsError([*error.problems, *problems]) from None
    if problems:
        raise SettingsError(problems)
    return settings.kept_on(versions)


@functools.cache
def _reader(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(annotated(Settings.model_fields[name]))


def _is_text(kind: Any) -> bool:
    return bare(kind)[0] in (str, SecretStr)


def _is_secret(kind: Any) -> bool:
    return bare(kind)[0] is SecretStr


def _full_key(name: str) -> str:
    return "aws:region" if name == "region" else f"{PROJECT}:{name}"


def _as_json(text: str, *, is_text: bool) -> str:
    """JSON of a value: Pulumi hands texts over bare, and structures as JSON."""
    if is_text:
        return json.dumps(text)
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return json.dumps(text)


def _missing(key: str, expected: str) -> str:
    example = "eu-west-3" if key == "aws:region" else "my-team"
    return f'{key}: missing, expected {expected}, set it with "pulumi config set {key} {example}"'


def _unknown(values: Iterable[str]) -> Iterator[str]:
    known = [_full_key(name) for name in Settings.model_fields]
    for key in values:
        namespace, _, name = key.partition(":")
        if key in known or namespace == "pulumi":
            continue
        if namespace in (PROJECT, "aws"):
            yield unknown_key(key, key, [each for each in known if each.startswith(f"{namespace}:")])
        else:
            yield unknown_key(key, key if name else f"{PROJECT}:{key}", known)
