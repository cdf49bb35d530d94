"""The sections of a stack's settings: every key, its kind, its default and its meaning."""

from ipaddress import IPv4Network
from typing import Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from settings.addons import (
    Autoscaling,
    Backups,
    Certificates,
    Database,
    ExternalDns,
    GitlabRunner,
    Monitoring,
    Vaultwarden,
)
from settings.cluster import Cluster
from settings.kinds import (
    AccountId,
    ArmInstanceType,
    CertificateName,
    Cidr,
    DomainName,
    Egress,
    HeaderText,
    ObjectRetentionDays,
    Owner,
    PathPattern,
    PriceClass,
    Region,
    RunnerToken,
    Secret,
    Section,
    UrlPath,
    VpcCidr,
    refuse,
)
from settings.money import Budget, Sleep
from settings.policies import PolicyExemption
from settings.times import Moment
from settings.versions_file import Versions
from settings.workloads import F1Vote, Registry, UsersApi, WebFrontend

ANYWHERE = IPv4Network("0.0.0.0/0")


class FlowLogs(Section):
    """Records of the connections of the network, kept in a bucket."""

    retention_days: ObjectRetentionDays
    """Days to keep them; storage costs about 0.024 USD per GB and month."""
    delete_contents: bool = False
    """Delete the records when the stack is destroyed; a destroy stops while there are any otherwise."""


class Network(Section):
    """The VPC and its way to the internet."""

    cidr: VpcCidr
    """Addresses of the VPC. To change it, destroy the stack first: a cluster stays in its VPC."""
    zones: int = Field(ge=1, le=3)
    """Availability zones to cover, one public and one private subnet each. A cluster needs two, production three."""
    egress: Egress
    """How private machines reach the internet: in Paris 37 USD a month per gateway plus 0.05 USD per GB, about 7 USD
    for the instance (one machine, minutes of outage while it is replaced), nothing and no way out for `none`."""
    nat_instance_type: ArmInstanceType = "t4g.nano"
    """Machine of `egress: nat-instance`; a t4g.nano sustains 32 Mbit/s and bursts to 5 Gbit/s."""
    flow_logs: FlowLogs | None = None
    """Keep records of all connections; none when omitted."""
    reserved_cidrs: tuple[Cidr, ...] = ()
    """Ranges of other stacks, offices or VPNs that this network may have to reach, and must not overlap."""

    @field_validator("reserved_cidrs")
    @classmethod
    def _overlap(cls, reserved: tuple[IPv4Network, ...], info: ValidationInfo) -> tuple[IPv4Network, ...]:
        cidr: IPv4Network | None = info.data.get("cidr")
        for each in reserved:
            if cidr and cidr.overlaps(each):
                refuse(f'expected ranges that do not overlap cidr "{cidr}", got "{each}"')
        return reserved


class Ingress(Section):
    """The way from the internet to the pods."""

    controller: Literal["traefik", "nginx"] = "traefik"
    """Ingress controller: Traefik, or the one that F5 makes for NGINX."""
    replicas: int = Field(default=2, ge=1, le=20)
    """Pods of the controller, spread over zones."""
    load_balancer: Literal["network", "application"]
    """About 20 USD a month plus 3.65 USD per zone: `network` passes TLS through to the controller, `application` ends
    it with a certificate of AWS and needs Traefik."""
    allowed_cidrs: tuple[Cidr, ...] = Field(default=(ANYWHERE,), min_length=1)
    """Ranges that may connect."""
    allow_plain_http: bool = False
    """Let an application load balancer serve HTTP without a certificate, where everybody on the way can read and
    change what passes: for a stack without a domain."""
    certificate_domains: tuple[CertificateName, ...] = Field(default=(), validate_default=True)
    """Names on the certificate of an application load balancer, all inside `socle:dns.zone`."""
    health_path: UrlPath | None = None
    """Path that the load balancer asks of an application which serves any name, so that nodes whose application is
    dead get no requests; the ingress controller's own health when omitted."""
    idle_timeout_seconds: int = Field(default=60, ge=1, le=4000)
    """Seconds of silence after which an application load balancer ends a connection; WebSockets want 3600."""

    @field_validator("load_balancer")
    @classmethod
    def _spoken_to(cls, kind: str, info: ValidationInfo) -> str:
        if kind == "application" and info.data.get("controller") == "nginx":
            refuse(
                "expected network, because nginx takes TLS only for hosts that it has a certificate for,"
                ' got "application"'
            )
        return kind

    @field_validator("allow_plain_http")
    @classmethod
    def _plain(cls, plain: bool, info: ValidationInfo) -> bool:
        if plain and info.data.get("load_balancer") == "network":
            refuse("expected false, because a network load balancer leaves TLS to the ingress controller, got true")
        return plain

    @field_validator("certificate_domains")
    @classmethod
    def _certified(cls, domains: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        kind, plain = info.data.get("load_balancer"), info.data.get("allow_plain_http")
        if plain and domains:
            refuse("expected none, because allow_plain_http is true")
        if kind == "application" and not domains and not plain:
            refuse("expected at least one domain name, because load_balancer is application, got []")
        if kind == "network" and domains:
            refuse("expected none, because a network load balancer leaves TLS to the ingress controller")
        return domains


class Dns(Section):
    """The public hosted zone."""

    zone: DomainName
    """Domain whose names the stack may create."""
    create: bool = False
    """Create the hosted zone (0.50 USD a month) instead of looking up an existing one."""


class SiteLogs(Section):
    """Records of the site's requests, kept in a bucket."""

    retention_days: ObjectRetentionDays
    """Days to keep them."""
    delete_contents: bool = False
    """Delete the records when the stack is destroyed; a destroy stops while there are any otherwise."""


class Site(Section):
    """A static site on CloudFront."""

    domain: DomainName | None = None
    """Its name, inside `socle:dns.zone`; CloudFront's own name when omitted."""
    price_class: PriceClass
    """Where it is served from: North America and Europe, more, or everywhere; wider is dearer per GB."""
    content_security_policy: HeaderText | None = None
    """Content-Security-Policy header; a strict one when omitted."""
    hashed_paths: tuple[PathPattern, ...] = ("/assets/*",)
    """Files whose name carries a hash of their content: browsers keep them for a year."""
    delete_contents: bool = False
    """Delete the published files, old versions too, when the stack is destroyed; a destroy stops while there are any
    otherwise."""
    logs: SiteLogs | None = None
    """Keep records of all requests; none when omitted."""


class Settings(Section):
    """Everything that a stack may be told."""

    region: Region
    """Region of everything but CloudFront's certificates; written `aws:region`."""
    owner: Owner
    """Who answers for the stack; tag `owner` of every resource."""
    account_id: AccountId | None = None
    """Account in which the stack lives: credentials of any other are refused. Any when omitted."""
    expires: Moment | None = None
    """When `make reap` may destroy the stack; tag `expires` of every resource. Never when omitted."""
    high_availability: bool = False
    """Warn of whatever stops when a single machine does."""
    network: Network | None = None
    """The VPC and its way to the internet; needed by a cluster."""
    cluster: Cluster | None = None
    """The Kubernetes cluster."""
    ingress: Ingress | None = None
    """The way from the internet to the pods."""
    dns: Dns | None = None
    """The public hosted zone."""
    site: Site | None = None
    """A static site on CloudFront."""
    certificates: Certificates | None = None
    """Certificates of Let's Encrypt."""
    external_dns: ExternalDns | None = None
    """Records for the hosts that the cluster serves."""
    autoscaling: Autoscaling | None = None
    """Nodes added and removed by need."""
    database: Database | None = None
    """PostgreSQL, replicated."""
    backups: Backups | None = None
    """Copies of objects and volumes."""
    monitoring: Monitoring | None = None
    """Alerts and a dashboard."""
    registry: Registry | None = None
    """A private registry of the applications' images; without it they are public, or in this account's ECR."""
    users_api: UsersApi | None = None
    """The API of the users' application."""
    f1_vote: F1Vote | None = None
    """The F1 vote."""
    web_frontend: WebFrontend | None = None
    """The front end as a container."""
    vaultwarden: Vaultwarden | None = None
    """The team's passwords."""
    gitlab_runner: GitlabRunner | None = None
    """A runner of GitLab's pipelines."""
    budget: Budget | None = None
    """What AWS tells the team about the bill."""
    sleep: Sleep | None = None
    """When machines run; always when omitted."""
    policy_exemptions: tuple[PolicyExemption, ...] = ()
    """What the rules of `policy/` let the stack off, each for a reason and until a day."""
    datadog_api_key: Secret | None = None
    """Key with which Datadog's agent and monitors log in; needed by `socle:monitoring.provider: datadog`."""
    datadog_app_key: Secret | None = None
    """Application key with which the monitors are made; needed likewise."""
    registry_password: Secret | None = None
    """Password of `socle:registry.username`; needed by `socle:registry`."""
    gitlab_runner_token: RunnerToken | None = None
    """Authentication token that GitLab shows when a runner is created; needed by `socle:gitlab_runner`."""
    _versions: Versions = PrivateAttr(default_factory=Versions)

    @property
    def versions(self) -> Versions:
        """Versions on which the stack is kept, from a file of their own: no setting, and in no table of them."""
        return self._versions

    def kept_on(self, versions: Versions) -> "Settings":
        """The same settings, with these versions."""
        copy = self.model_copy()
        copy._versions = versions
        return copy
