"""Outputs that AWS derives from inputs in a way that a template cannot say."""

from collections.abc import Callable

from rehearsal.aws.templates import fill
from rehearsal.wire import Properties


def computed(type_: str, inputs: Properties, seed: str) -> Properties:
    """Such outputs of a type, or none."""
    return _BY_TYPE[type_](inputs, seed) if type_ in _BY_TYPE else {}


def _validation_records(inputs: Properties, seed: str) -> Properties:
    names = [inputs["domainName"], *inputs.get("subjectAlternativeNames", [])]
    return {
        "domainValidationOptions": [
            {
                "domainName": name,
                "resourceRecordName": fill("_{hex32}.", {}, name.removeprefix("*.")) + name.removeprefix("*.") + ".",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": fill("_{hex32-value}.acm-validations.aws.", {}, name.removeprefix("*.")),
            }
            for name in dict.fromkeys(names)
        ]
    }


def _public_address(inputs: Properties, seed: str) -> Properties:
    last = int(str(fill("{digits6}", {}, seed))) % 254 + 1
    return {"publicIp": f"198.51.100.{last}"}  # a range reserved for documentation, RFC 5737


def _load_balancer(inputs: Properties, seed: str) -> Properties:
    kind = {"network": "net", "gateway": "gwy"}.get(str(inputs.get("loadBalancerType")), "app")
    return {"short": kind}


_BY_TYPE: dict[str, Callable[[Properties, str], Properties]] = {
    "aws:acm/certificate:Certificate": _validation_records,
    "aws:ec2/eip:Eip": _public_address,
    "aws:ec2/natGateway:NatGateway": _public_address,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
}
