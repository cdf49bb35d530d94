"""The settings of a copy, made from those of another stack: a pure function from text to text."""

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, Final, cast

from tools.stack_copies.document import Document
from tools.stack_copies.draft import Change, Draft
from tools.stack_copies.hosts import covers, own_host
from tools.stack_copies.refused import StackRefused
from tools.stack_copies.sizes import shrink

_SECTION_HOSTS: Final = (
    ("site", "domain"),
    ("users_api", "host"),
    ("f1_vote", "host"),
    ("web_frontend", "host"),
    ("vaultwarden", "host"),
)
_KEYS_OF_ENGINE: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")
_SCHEMA: Final = "# yaml-language-server:"


@dataclass(frozen=True)
class Origin:
    """The stack that a copy is made from."""

    stack: str
    text: str
    """Of its file."""


@dataclass(frozen=True)
class Wanted:
    """What a copy is to be."""

    stack: str
    owner: str
    expires: str
    """Moment, as `socle:expires` has it."""
    cidr: IPv4Network | None
    """Range of its network, where the origin has one."""


@dataclass(frozen=True)
class Copy:
    """A stack file that nobody wrote yet, without secrets: those are encrypted for another stack."""

    text: str
    changes: list[Change]
    """What differs from the origin."""
    secrets: list[str]
    """Full keys of the origin's secrets that the copy has a use for."""


def derive(origin: Origin, wanted: Wanted) -> Copy:
    """The copy. Raises `StackRefused` where the origin's file cannot be copied."""
    document = Document(origin.text, f"Pulumi.{origin.stack}.yaml")
    if not document.keys("config"):
        raise StackRefused(f"{document.name}: config: expected a mapping of keys such as socle:owner to values")
    _refuse_texts(document)
    for key in _KEYS_OF_ENGINE:
        document.remove(key)
    draft = Draft(document)
    shrink(draft)
    secrets = _secrets(document)
    for key in secrets:
        document.remove("config", key)
    _name(draft, origin.stack, wanted.stack)
    if wanted.cidr:
        draft.put(str(wanted.cidr), "network", "cidr")
    draft.put(wanted.owner, "owner")
    draft.put(wanted.expires, "expires")
    document.text = _headed(document.text, origin, wanted)
    return Copy(document.text, draft.changes, secrets)


def has_network(origin: Origin) -> bool:
    """Whether a copy needs a range of addresses."""
    return bool(Document(origin.text, "").keys("config", "socle:network"))


def reserved(origin: Origin) -> list[IPv4Network]:
    """Ranges that the origin keeps free, so that its copy has to as well. Settings have to be right."""
    found: Any = Document(origin.text, "").get("config", "socle:network", "reserved_cidrs") or ()
    return [IPv4Network(str(each)) for each in found]


def _name(draft: Draft, source: str, stack: str) -> None:
    """Give the copy names of its own, and certificates that hold for them."""
    zone: Any = draft.get("dns", "zone")
    if not zone:
        return
    for path in _SECTION_HOSTS:
        host = draft.get(*path)
        if host:
            draft.put(own_host(str(host), source=source, stack=stack, zone=str(zone)), *path)
    domains: Any = draft.get("ingress", "certificate_domains")
    if not domains:
        return
    # Two names of the original may become one.
    own = list(dict.fromkeys(own_host(str(each), source=source, stack=stack, zone=str(zone)) for each in domains))
    served = [str(draft.get(*path)) for path in _SECTION_HOSTS if path[0] != "site" and draft.get(*path)]
    own += [host for host in dict.fromkeys(served) if not any(covers(each, host) for each in own)]
    draft.put(own, "ingress", "certificate_domains")


def _secrets(document: Document) -> list[str]:
    values = cast(dict[str, Any], document.get("config"))
    return [key for key, value in values.items() if _is_secret(value)]


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and cast(dict[str, Any], value).keys() == {"secure"}


def _refuse_texts(document: Document) -> None:
    """Refuse what cannot be copied key by key: a section written as one text, a secret inside a section."""
    for key in document.keys("config"):
        value = document.get("config", key)
        if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
            raise StackRefused(f"{document.name}: {key}: expected YAML, got JSON in one text, which cannot be copied")
        if not _is_secret(value) and _holds_secret(value):
            raise StackRefused(
                f"{document.name}: {key}: expected no secret inside a section, for it cannot be copied: set it under a "
                "key of its own"
            )


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_secret(value) or any(_holds_secret(each) for each in cast(dict[str, Any], value).values())
    return isinstance(value, list) and any(_holds_secret(each) for each in cast(list[Any], value))


def _headed(text: str, origin: Origin, wanted: Wanted) -> str:
    """Say above all that the comments below are another stack's; what editors read stays the first line."""
    line = (
        f"# {wanted.stack}, made from {origin.stack} by `make new`, which the comments speak of: it may be destroyed "
        "after socle:expires.\n"
    )
    first, newline, rest = text.partition("\n")
    return f"{first}{newline}{line}{rest}" if first.startswith(_SCHEMA) else line + text
