"""DNS records that are left: external-dns of a cluster signs its own, ACM and the settings name the others."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from tools.account import GLOBAL, Account, Record
from tools.left.item import Item
from tools.owner import Owner
from tools.prices import FREE

# Before the name of the record that it signs, a TXT record has the type of that record, and before this the prefix:
# https://kubernetes-sigs.github.io/external-dns/v0.21.0/docs/registry/txt/
_SIGNED: Final = re.compile(r"(?:.*[-.])?(?P<type>a|aaaa|cname)[-.]")
_ADDRESSES: Final = ("A", "AAAA", "CNAME")
_VALIDATION: Final = re.compile(r"_[0-9a-f]+\.(?P<domain>.+)\.")
# Where such a name leads while the stack is up; one that leads elsewhere was taken over.
LEADS_TO_US: Final = re.compile(
    r".+\.(?:cloudfront\.net|elb(?:\.[a-z0-9-]+)?\.amazonaws\.com|[a-z0-9-]+\.elb\.amazonaws\.com)\.?"
)
_VALIDATED: Final = ".acm-validations.aws."


def left(account: Account, owner: Owner) -> Iterator[Item]:
    """Records of external-dns, those that prove a name to ACM, and those of a name of the settings."""
    zone = owner.zone and zone_id(account, owner.zone)
    if not zone:
        return
    records = list(_records(account, zone))
    owned = {_key(record): (record, "") for record in records if _owned_by(record, owner.dns_owner)}
    signed = [record["Name"] for record, _ in owned.values()]
    for record in records:
        reason = _reason(record, signed, owner)
        if reason and _key(record) not in owned:
            owned[_key(record)] = (record, reason)
    for record, reason in owned.values():
        yield Item(
            type=f"route53:{record['Type']}",
            id=_decoded(record["Name"]),
            region=GLOBAL,
            name=_value(record),
            reason=reason or f"external-dns/owner={owner.dns_owner}",
            price=FREE,
            command=_delete(zone, record),
        )


def owned_by_external_dns(account: Account, owner: Owner) -> list[str]:
    """Names of the records that external-dns of this stack's cluster still answers for, without its signatures."""
    zone = owner.zone and zone_id(account, owner.zone)
    if not zone:
        return []
    records = list(_records(account, zone))
    signed = [record["Name"] for record in records if _owned_by(record, owner.dns_owner)]
    return sorted({_decoded(record["Name"]).rstrip(".") for record in records if _is_signed(record, signed)})


def zone_id(account: Account, name: str) -> str | None:
    """Id of the public hosted zone of that name; `None` when there is none."""
    found = account.all(
        "route53", "list_hosted_zones_by_name", "HostedZones[]", region=GLOBAL, DNSName=name, MaxItems="100"
    )
    ours = [each for each in found if each["Name"] == f"{name}." and not each.get("Config", {}).get("PrivateZone")]
    return ours[0]["Id"].rpartition("/")[2] if ours else None


def _records(account: Account, zone: str) -> Iterator[Record]:
    yield from account.all(
        "route53", "list_resource_record_sets", "ResourceRecordSets[]", region=GLOBAL, HostedZoneId=zone
    )


def _reason(record: Record, signed: Sequence[str], owner: Owner) -> str:
    if _is_signed(record, signed):
        return f"external-dns/owner={owner.dns_owner}"
    name = _decoded(record["Name"])
    match = _VALIDATION.fullmatch(name)
    if (
        match
        and record["Type"] == "CNAME"
        and _value(record).endswith(_VALIDATED)
        and match["domain"] in owner.certified
    ):
        return f"proves {match['domain']} of {owner.certified[match['domain']]} to ACM, maybe for another stack too"
    host = name.rstrip(".")
    if record["Type"] in _ADDRESSES and host in owner.hosts and LEADS_TO_US.fullmatch(_value(record)):
        return f"the name of {owner.hosts[host]}, if nobody else uses it by now"
    return ""


def _owned_by(record: Record, dns_owner: str) -> bool:
    signature = f"external-dns/owner={dns_owner}"
    values = [each["Value"].strip('"').split(",") for each in record.get("ResourceRecords", ())]
    return record["Type"] == "TXT" and any("heritage=external-dns" in parts and signature in parts for parts in values)


def _is_signed(record: Record, signed: Sequence[str]) -> bool:
    """Whether one of the signatures is that of this record."""
    name = record["Name"]
    kinds = {record["Type"].lower(), "cname"}  # an alias of the A kind can be signed as a CNAME
    if record["Type"] not in _ADDRESSES:
        return False
    matches = (_SIGNED.fullmatch(each.removesuffix(name)) for each in signed if each.endswith(name))
    return any(match and match["type"] in kinds for match in matches)


def _key(record: Record) -> tuple[str, str, str]:
    return record["Name"], record["Type"], record.get("SetIdentifier", "")


def _value(record: Record) -> str:
    alias: Record = record.get("AliasTarget") or {}
    return str(alias.get("DNSName") or ", ".join(each["Value"] for each in record.get("ResourceRecords", ())))


def _decoded(name: str) -> str:
    return name.replace(r"\052", "*")


def _delete(zone: str, record: Record) -> str:
    batch = json.dumps({"Changes": [{"Action": "DELETE", "ResourceRecordSet": record}]}, separators=(",", ":"))
    return f"aws route53 change-resource-record-sets --hosted-zone-id {zone} --change-batch '{batch}'"
