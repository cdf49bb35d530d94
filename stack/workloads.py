"""The applications of a stack: the team's own, and the two it works with."""

import pulumi

from components.addons.cert_manager import CertManager
from components.addons.gitlab_runner import GitLabRunner, GitLabRunnerArgs
from components.addons.postgresql import PostgreSql
from components.addons.vaultwarden import Vaultwarden, VaultwardenArgs
from components.cluster import Cluster
from components.workloads.f1_vote import F1Vote, F1VoteArgs
from components.workloads.registry import RegistryLogin
from components.workloads.route import Route
from components.workloads.users_api import UsersApi, UsersApiArgs
from components.workloads.web_frontend import WebFrontend, WebFrontendArgs
from stack.addons import USERS, VAULTWARDEN
from stack.door import Door
from stack.foundation import Foundation

SERVERS_OF_K3S = {"node-role.kubernetes.io/control-plane": "true"}
"""Label of the machines that run the control plane of K3s; on EKS they are not among the nodes."""


def route(base: Foundation, host: str | None, door: Door, cert_manager: CertManager | None) -> Route:
    """How the internet reaches an application: its name, and who certifies it."""
    ingress = base.settings.ingress
    plain = ingress is not None and ingress.allow_plain_http
    ends_at_door = plain or door.balancer.certificate_arn is not None
    return Route(
        host=host,
        ingress_class=door.ingress.ingress_class,
        issuer=None if ends_at_door or cert_manager is None else cert_manager.issuer,
        plain_http_at=door.balancer.made.dns_name if plain else None,
    )


def registry(base: Foundation) -> RegistryLogin | None:
    """Who pulls the applications' images."""
    wanted, secret = base.settings.registry, base.settings.registry_password
    if wanted is None or secret is None:
        return None
    password = pulumi.Output.secret(secret.get_secret_value())
    return RegistryLogin(server=wanted.server, username=wanted.username, password=password)


def users_api(
    base: Foundation,
    cluster: Cluster | None,
    door: Door | None,
    cert_manager: CertManager | None,
    database: PostgreSql | None,
) -> None:
    """The API of the users' application, and who may call it from a browser."""
    wanted = base.settings.users_api
    if wanted is None or cluster is None or door is None or database is None:
        return
    api = UsersApi(
        "users-api",
        UsersApiArgs(
            cluster=cluster,
            image=base.settings.versions.image("users-api", wanted.image),
            registry=registry(base),
            route=route(base, wanted.host, door, cert_manager),
            login=database.logins[USERS],
            frontend_url=_frontend_url(base),
            admin_email=wanted.admin_email,
            stage=wanted.stage,
            environment=wanted.environment,
            min_replicas=wanted.min_replicas,
            max_replicas=wanted.max_replicas,
            port=wanted.port,
            health_path=wanted.health_path,
            migration_command=wanted.migration_command,
        ),
        base.opts,
    )
    base.outputs["api_url"] = api.url
    base.outputs["api_admin_password"] = api.admin_password


def f1_vote(base: Foundation, cluster: Cluster | None, door: Door | None, cert_manager: CertManager | None) -> None:
    """The F1 vote; on K3s its Redis stays with the control plane, and its pods on the other machines."""
    wanted, kubernetes, ingress = base.settings.f1_vote, base.settings.cluster, base.settings.ingress
    if wanted is None or cluster is None or door is None or kubernetes is None or ingress is None:
        return
    vote = F1Vote(
        "f1-vote",
        F1VoteArgs(
            cluster=cluster,
            image=base.settings.versions.image("f1-vote", wanted.image),
            registry=registry(base),
            route=route(base, wanted.host, door, cert_manager),
            admin=wanted.admin,
            min_replicas=wanted.min_replicas,
            max_replicas=wanted.max_replicas,
            redis_storage=wanted.storage,
            redis_version=base.settings.versions.program("redis"),
            environment=wanted.environment,
            server_selector=SERVERS_OF_K3S if kubernetes.kind == "k3s" else {},
            # An application load balancer writes the client's address down before the ingress controller does.
            proxies=2 if ingress.load_balancer == "application" else 1,
            after=(door.ingress,),
        ),
        base.opts,
    )
    base.outputs["f1_vote_url"] = vote.url
    base.outputs["f1_vote_admin_password"] = vote.admin_password


def web_frontend(
    base: Foundation, cluster: Cluster | None, door: Door | None, cert_manager: CertManager | None
) -> None:
    """The front end as a container; as files it is the static site."""
    wanted = base.settings.web_frontend
    if wanted is None or cluster is None or door is None:
        return
    front = WebFrontend(
        "web-frontend",
        WebFrontendArgs(
            cluster=cluster,
            image=base.settings.versions.image("web-frontend", wanted.image),
            registry=registry(base),
            route=route(base, wanted.host, door, cert_manager),
            replicas=wanted.replicas,
            port=wanted.port,
            environment=wanted.environment,
        ),
        base.opts,
    )
    base.outputs["frontend_url"] = front.url


def vaultwarden(
    base: Foundation,
    cluster: Cluster | None,
    door: Door | None,
    cert_manager: CertManager | None,
    database: PostgreSql | None,
) -> None:
    """The team's passwords."""
    wanted = base.settings.vaultwarden
    if wanted is None or cluster is None or door is None:
        return
    vault = Vaultwarden(
        "vaultwarden",
        VaultwardenArgs(
            cluster=cluster,
            route=route(base, wanted.host, door, cert_manager),
            database=wanted.database,
            login=database.logins[VAULTWARDEN] if database and wanted.database == "postgresql" else None,
            storage=wanted.storage,
            chart_version=base.settings.versions.chart("vaultwarden"),
            version=base.settings.versions.program("vaultwarden"),
        ),
        base.opts,
    )
    base.outputs["vaultwarden_url"] = vault.url
    base.outputs["vaultwarden_admin_token"] = vault.admin_token


def gitlab_runner(base: Foundation, cluster: Cluster | None) -> None:
    """A runner of GitLab's pipelines."""
    wanted, token = base.settings.gitlab_runner, base.settings.gitlab_runner_token
    if wanted is None or token is None or cluster is None:
        return
    GitLabRunner(
        "gitlab-runner",
        GitLabRunnerArgs(
            cluster=cluster,
            url=wanted.url,
            token=pulumi.Output.secret(token.get_secret_value()),
            concurrent=wanted.concurrent,
            chart_version=base.settings.versions.chart("gitlab-runner"),
        ),
        base.opts,
    )


def _frontend_url(base: Foundation) -> str | None:
    site, front = base.settings.site, base.settings.web_frontend
    host = front.host if front else site and site.domain
    return f"https://{host}" if host else None
