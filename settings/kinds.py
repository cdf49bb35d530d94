"""Kinds of value that settings are made of: what each accepts, and the words that name it in messages and tables."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal, NoReturn, cast

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from components import versions

# https://datatracker.ietf.org/doc/html/rfc1918#section-3
_PRIVATE = [IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
# The private subnet of a zone is a quarter of the VPC and every pod takes an address: a /20 leaves about a thousand to
# a zone, and anything smaller runs out of pods before it runs out of money. A VPC is a /16 at most:
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
_LARGEST_VPC, _SMALLEST_VPC = 16, 20
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
_LONGEST_DOMAIN = 253
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# A last label of digits only would be an IPv4 address.
_DOMAIN = rf"(?:{_LABEL}\.)+(?![0-9]+$){_LABEL}"
_INSTANCE_TYPE = r"(?P<letters>[a-z]+)(?P<generation>[0-9]+)(?P<options>[a-z0-9-]*)\.[a-z0-9-]+"
# https://github.com/distribution/reference/blob/main/reference.go
_IMAGE_PATH = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_IMAGE = (
    rf"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_IMAGE_PATH}(?:/{_IMAGE_PATH})*"
    r"(?=[:@])(?::(?P<tag>\w[\w.-]{0,127}))?(?:@sha256:[0-9a-f]{64})?"
)


@dataclass(frozen=True)
class Expected:
    """How messages and the table of settings call a kind of value."""

    words: str


class Section(BaseModel):
    """Settings that belong together; unknown keys are refused and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    @field_validator("*")
    @classmethod
    def _listed_once(cls, value: object) -> object:
        items = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
        for item in items:
            if items.count(item) > 1 and not isinstance(item, Section):
                refuse(f'expected each item once, got "{item}" twice')
        return value  # pyright: ignore[reportUnknownVariableType] (what it was given)


def refuse(sentence: str) -> NoReturn:
    """Refuse a value that has the right form and breaks a rule; `sentence` follows the key in the message."""
    raise PydanticCustomError("rule", "{sentence}", {"sentence": sentence})


def text(value: Any, pattern: str) -> str:
    """The value, if it is a text of that form; otherwise ValueError."""
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise ValueError(value)
    return value


def _domain(value: Any) -> str:
    if len(text(value, _DOMAIN)) > _LONGEST_DOMAIN:
        raise ValueError(value)
    return value


def _domain_or_wildcard(value: Any) -> str:
    _domain(value.removeprefix("*.") if isinstance(value, str) else value)
    return value


def _range(value: Any) -> IPv4Network:
    # The prefix is asked for: a lone address is more often a forgotten prefix than a range of one.
    return IPv4Network(text(value, r"[0-9.]+/[0-9]+"))


def is_private(network: IPv4Network) -> bool:
    """Whether every address of a range is private, thus never seen on the internet."""
    return any(network.subnet_of(block) for block in _PRIVATE)


def _vpc_range(value: Any) -> IPv4Network:
    network = _range(value)
    if not is_private(network) or not _LARGEST_VPC <= network.prefixlen <= _SMALLEST_VPC:
        raise ValueError(value)
    return network


def architecture_of(instance_type: str) -> Literal["x86_64", "arm64"]:
    """Processor of an instance type: Graviton families carry a g first after their generation, as in t4g or m7gd.

    Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    """
    parts = re.fullmatch(_INSTANCE_TYPE, instance_type)
    graviton = parts and (parts["options"].startswith("g") or (parts["letters"], parts["generation"]) == ("a", "1"))
    return "arm64" if graviton else "x86_64"


def _instance_type(value: Any) -> str:
    return text(value, _INSTANCE_TYPE)


def _arm_instance_type(value: Any) -> str:
    if architecture_of(_instance_type(value)) != "arm64":
        raise ValueError(value)
    return value


def _image(value: Any) -> str:
    parts = re.fullmatch(_IMAGE, text(value, _IMAGE), re.ASCII)
    # What such a tag names today is something else tomorrow.
    if parts is None or parts["tag"] == "latest":
        raise ValueError(value)
    return value


def _pattern(pattern: str) -> PlainValidator:
    return PlainValidator(lambda value: text(value, pattern))


Owner = Annotated[
    str, _pattern(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}"), Expected("a name of 1 to 64 letters, digits or . _ @ -")
]
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
AccountId = Annotated[str, _pattern(r"\d{12}"), Expected("the 12 digits of an AWS account, in quotes")]
Region = Annotated[str, _pattern(r"[a-z]{2}(?:-[a-z]+)+-\d"), Expected("an AWS region such as eu-west-3")]
DomainName = Annotated[str, PlainValidator(_domain), Expected("a domain name such as example.org")]
CertificateName = Annotated[
    str, PlainValidator(_domain_or_wildcard), Expected("a domain name such as example.org or *.example.org")
]
Cidr = Annotated[IPv4Network, PlainValidator(_range), Expected("an IPv4 range such as 198.51.100.0/24")]
VpcCidr = Annotated[
    IPv4Network,
    PlainValidator(_vpc_range),
    Expected(f"a private IPv4 range from /{_LARGEST_VPC} to /{_SMALLEST_VPC} such as 10.20.0.0/16"),
]
InstanceType = Annotated[str, PlainValidator(_instance_type), Expected("an instance type such as t3.large")]
ArmInstanceType = Annotated[
    str, PlainValidator(_arm_instance_type), Expected("an arm64 instance type such as t4g.nano")
]
Architecture = Literal["x86_64", "arm64"]
PrincipalArn = Annotated[
    str,
    _pattern(r"arn:aws[a-z-]*:iam::\d{12}:(?:role|user)/[\w+=,.@/-]+"),
    Expected("the ARN of an IAM role or user such as arn:aws:iam::123456789012:role/admin"),
]
# Part of the names of node group, launch template and role; short so that they fit.
GroupName = Annotated[
    str,
    _pattern(r"[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?"),
    Expected("a name of at most 20 lower-case letters, digits and inner hyphens such as main"),
]
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
NamespaceName = Annotated[str, _pattern(_LABEL), Expected("a Kubernetes namespace such as default")]
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
_LABEL_TEXT = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
LabelKey = Annotated[
    str,
    _pattern(rf"(?:{_LABEL}(?:\.{_LABEL})*/)?{_LABEL_TEXT}"),
    Expected("a Kubernetes label such as tier or example.org/tier"),
]
LabelValue = Annotated[
    str,
    _pattern(rf"(?:{_LABEL_TEXT})?"),
    Expected("at most 63 letters, digits and inner hyphens, underscores and periods"),
]
KubernetesVersion = Annotated[
    str,
    _pattern("|".join(map(re.escape, versions.EKS_ADDONS))),
    Expected(" or ".join(f'"{version}"' for version in versions.EKS_ADDONS) + ", in quotes"),
]
# https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
ControlPlaneLog = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
ObjectRetentionDays = Annotated[int, Field(ge=1, le=3650)]
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
PathPattern = Annotated[str, _pattern(r"/[\w.*$/~\"'@:+&?-]{0,254}"), Expected("a path pattern such as /assets/*")]
# A header is one line of visible characters: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
HeaderText = Annotated[str, _pattern(r"[!-~](?:[ -~]*[!-~])?"), Expected("one line such as default-src 'self'")]
PriceClass = Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]
Egress = Literal["nat-gateway", "nat-gateway-per-zone", "nat-instance", "none"]
# An address as people write one; whether it exists, only a message shows.
Email = Annotated[
    str,
    _pattern(rf"[A-Za-z0-9._%+-]{{1,64}}@(?:{_LABEL}\.)+{_LABEL}"),
    Expected("an e-mail address such as team@example.org"),
]
BackupRetentionDays = Annotated[int, Field(ge=1, le=365)]
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
StorageSize = Annotated[str, _pattern(r"[1-9][0-9]{0,4}(?:Gi|Ti)"), Expected("a size such as 1Gi")]
Image = Annotated[
    str,
    PlainValidator(_image),
    Expected("an image with a tag other than latest, or a digest, such as registry.example.org/api:1.4.2"),
]
HttpsUrl = Annotated[
    str,
    _pattern(r"https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]+)?(?:/[A-Za-z0-9._/-]*)?"),
    Expected("an address that begins with https://"),
]
UrlPath = Annotated[str, _pattern(r"/[\w./~%-]*"), Expected("a path such as /health")]
PortNumber = Annotated[int, Field(ge=1024, le=65535)]
# https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables
EnvironmentName = Annotated[
    str, _pattern(r"[A-Za-z_][A-Za-z0-9_]*"), Expected("the name of a variable such as LOG_LEVEL")
]
# https://slack.com/help/articles/201402297-Create-a-channel
SlackChannel = Annotated[str, _pattern(r"#[\w-]{1,80}"), Expected("a Slack channel such as #alertes, in quotes")]
# https://docs.datadoghq.com/getting_started/site/
DatadogSite = Literal[
    "datadoghq.eu", "datadoghq.com", "us3.datadoghq.com", "us5.datadoghq.com", "ap1.datadoghq.com", "ap2.datadoghq.com"
]
Secret = Annotated[
    SecretStr, PlainValidator(lambda value: SecretStr(text(value, r"\S+"))), Expected("a secret without spaces")
]
# https://docs.gitlab.com/security/tokens/#token-prefixes; a stack file that is only read shows a placeholder.
RunnerToken = Annotated[
    SecretStr,
    PlainValidator(lambda value: SecretStr(text(value, r"glrt-\S+|\[secret\]"))),
    Expected("a token of GitLab that begins with glrt-"),
]
