"""Typed settings of a stack, the sole reader of Pulumi's configuration: what is wrong is refused all at once."""

import functools
import itertools
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from pulumi.runtime import config
from pydantic import TypeAdapter, ValidationError

from settings.cluster import Access, Cluster, NodeGroup
from settings.errors import SettingsError, annotated, problems_of, unknown_key, words
from settings.sections import (
    Dns,
    FlowLogs,
    Ingress,
    Network,
    Settings,
    Site,
    SiteLogs,
)
from settings.stack_files import read_stack_file

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
    "load",
    "overlapping_stacks",
    "parse",
    "read_stack_file",
]

PROJECT = "socle"
# EKS takes the addresses of services from here, or from 10.100.0.0/16 where a VPC is in the way; keeping every VPC out
# of here keeps them apart from the services of every cluster:
# https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
_SERVICES = IPv4Network("172.20.0.0/16")
# EKS wants subnets in two zones: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
_ZONES_OF_A_CLUSTER = 2
# What an omitted key holds: the defaults of Pulumi.yaml exist so that all mistakes are told at once, by this module.
_ABSENT = ("", "{}", "null")


def load() -> Settings:
    """Settings of the running program. Raises `SettingsError` with all that is wrong."""
    values: dict[str, Any] = {**config.get_config_env(), **config.CONFIG.get()}
    secrets = {key for key in values if config.is_config_secret(key)} | {*config.get_config_secret_keys_env()}
    return parse(values, secrets)


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
        try:
            given[name] = _reader(name).validate_json(_as_json(text, is_text=field.annotation is str))
        except ValidationError as error:
            problems += problems_of(key, kind, error, secret=key in secret_keys)
            broken.add(name)
    problems += _conflicts(given, broken)
    if problems:
        raise SettingsError(problems)
    return Settings.model_construct(**given)


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


@functools.cache
def _reader(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(annotated(Settings.model_fields[name]))


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


def _conflicts(given: Mapping[str, Any], broken: Collection[str]) -> Iterator[str]:
    """What contradicts another section, as far as both can be read."""
    present = {*given, *broken}
    for name, needed in (("cluster", "network"), ("ingress", "cluster")):
        if name in present and needed not in present:
            yield f"{_full_key(name)}: expected {_full_key(needed)} to be set too, because it builds on it"
    readable = Settings.model_construct(**given)
    if readable.network and "cluster" in present:
        yield from _network_for_cluster(readable.network)
    if "dns" not in broken:
        yield from _names_in_zone(readable)


def _network_for_cluster(network: Network) -> Iterator[str]:
    if network.cidr.overlaps(_SERVICES):
        yield (
            f"socle:network.cidr: expected a range that does not overlap {_SERVICES}, where Kubernetes services live,"
            f' got "{network.cidr}"'
        )
    if network.zones < _ZONES_OF_A_CLUSTER:
        yield f"socle:network.zones: expected a whole number from 2 to 3, as EKS asks, got {network.zones}"
    if network.egress == "none":
        yield (
            "socle:network.egress: expected nat-instance, nat-gateway or nat-gateway-per-zone, because the nodes of "
            'socle:cluster are private and fetch their images from the internet, got "none"'
        )


def _names_in_zone(settings: Settings) -> Iterator[str]:
    ingress, site = settings.ingress, settings.site
    names = [(f"socle:ingress.certificate_domains[{i}]", name) for i, name in _numbered(ingress)]
    if site and site.domain:
        names.append(("socle:site.domain", site.domain))
    for path, name in names:
        if not settings.dns:
            yield f"{path}: expected socle:dns to be set too, because its records are made in that zone"
        elif not f".{name}".endswith(f".{settings.dns.zone}"):
            yield f'{path}: expected a name inside socle:dns.zone "{settings.dns.zone}", got "{name}"'


def _numbered(ingress: Ingress | None) -> Iterable[tuple[int, str]]:
    return enumerate(ingress.certificate_domains if ingress else ())
