"""The users API: FastAPI pods in front of PostgreSQL, with the database migrated before they are replaced."""

import re
from dataclasses import dataclass
from typing import Any, Literal, cast

import pulumi
import pulumi_kubernetes as kubernetes

from components.credentials import kubernetes_secret, password
from components.database import Login
from components.namespace import Namespace, make_namespace
from components.network_policy import isolate, to_dns, to_pods
from components.workloads.registry import pull_secret
from components.workloads.route import let_in
from components.workloads.web_app import (
    Autoscaling,
    Program,
    WebAppArgs,
    pod_template,
    run_web_app,
    secrets_checksum,
)

NAMESPACE = "users-api"
_MIGRATIONS = "users-api-migrations"
# Less than the ten minutes that Pulumi waits for a Job, so that the Job itself says why it failed.
_MIGRATION_SECONDS = 540
_MIGRATION_RETRIES = 3
# Settings of the application: https://github.com/fastapi/full-stack-fastapi-template/blob/master/backend/app/core/config.py
SECRETS = ("FIRST_SUPERUSER_PASSWORD", "POSTGRES_PASSWORD", "SECRET_KEY")
_ORIGIN = re.compile(r"https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]+)?")


@dataclass(frozen=True, kw_only=True)
class UsersApiArgs(WebAppArgs):
    """Inputs of `UsersApi`."""

    login: Login
    """Database of the application, with the user that owns it."""
    admin_email: str
    """Address with which the first administrator logs in."""
    frontend_url: str | None = None
    """Address of the front end, whose pages may call the API and which its mails link to; omitted, the API's own."""
    stage: Literal["staging", "production"] = "production"
    """What the application calls its environment. Its third word, `local`, would open routes without a login."""
    title: str = "Users API"
    """Name of the application in its documentation and mails."""
    port: int = 8000
    """TCP port on which its container answers."""
    health_path: str = "/api/v1/utils/health-check/"
    """Path that answers 200 as long as the program works, whether or not the database does."""
    min_replicas: int = 2
    """Pods at rest; 1 means a pause each time that its node leaves."""
    max_replicas: int = 6
    """Pods under load, at least `min_replicas`."""
    cpu_percent: int = 70
    """Part of the requested CPU, in percent, that a pod uses before another one is added."""
    migration_command: tuple[str, ...] = ("bash", "scripts/prestart.sh")
    """Command of the image that brings the database up to date and makes the administrator; it must bear to run again.
    Empty, nothing is run."""

    def __post_init__(self) -> None:
        """Refuse addresses of the wrong form, and variables that the component sets itself."""
        super().__post_init__()
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", self.admin_email):
            raise ValueError(f"admin_email must be an address such as 'admin@example.com', got {self.admin_email!r}")
        if self.frontend_url is not None and not _ORIGIN.fullmatch(self.frontend_url):
            raise ValueError(
                f"frontend_url must be an origin such as 'https://www.example.com', got {self.frontend_url!r}"
            )
        if self.min_replicas < 1:
            raise ValueError(f"min_replicas must be 1 or more, got {self.min_replicas}")
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"max_replicas must be at least {self.min_replicas}, got {self.max_replicas}")
        if self.cpu_percent < 1:
            raise ValueError(f"cpu_percent must be 1 or more, got {self.cpu_percent}")
        taken = sorted({*self.environment} & {*users_api_variables(self), *SECRETS})
        if taken:
            raise ValueError(f"environment must not set what the component sets itself, got {taken[0]!r}")


class UsersApi(pulumi.ComponentResource):
    """The users API under its host name, with its own namespace, which only the ingress controller can reach.

    Its pods reach the cluster's name servers and the database, nothing else: no mail server, no internet. It costs
    the CPU and memory of its pods. A new image migrates the database first; when that fails, the old pods stay.
    """

    url: pulumi.Output[str]
    """Address of the API, without a final slash."""
    admin_password: pulumi.Output[str]
    """Password that the first administrator is given, secret; the application forgets it once they change theirs."""
    namespace: pulumi.Output[str]
    """Namespace of all that belongs to it."""
    deployment_name: pulumi.Output[str]
    """Name of the Deployment, once its pods are ready."""
    service_name: pulumi.Output[str]
    """Name of the Service in front of its pods."""

    def __init__(self, name: str, args: UsersApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("socle:index:UsersApi", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        namespace = make_namespace(
            f"{name}-namespace", cluster=args.cluster, namespace=NAMESPACE, pod_security="restricted", opts=child
        )
        isolate(
            f"{name}-isolation",
            namespace=namespace,
            ingress=let_in(args.route, args.port, args.ingress_namespace),
            egress=[to_dns(), to_pods(args.login.namespace, args.login.pod_labels, args.login.port)],
            opts=child,
        )
        secrets = {
            "FIRST_SUPERUSER_PASSWORD": password(f"{name}-admin-password", child),
            "POSTGRES_PASSWORD": args.login.password,
            "SECRET_KEY": password(f"{name}-secret-key", child),
        }
        secret_name = kubernetes_secret(
            f"{name}-secret", namespace=namespace, secret_name=NAMESPACE, data=secrets, opts=child
        )
        variables = {**args.environment, **users_api_variables(args)}
        pull = pull_secret(name, args.registry, namespace, child)
        program = Program(_MIGRATIONS, variables, secret_name, pull_secret=pull)
        migrations = _migrate(name, args, program, namespace, child)
        api = Program(NAMESPACE, variables, secret_name, secrets_checksum(secrets), pull)
        # The data cannot show this edge: a reference to the Job would replace the Deployment whenever the Job is.
        scale = Autoscaling(args.min_replicas, args.max_replicas, args.cpu_percent)
        app = run_web_app(name, args, api, namespace=namespace, scale=scale, after=migrations, opts=child)

        self.url = pulumi.Output.from_input(args.route.url)
        self.admin_password = secrets["FIRST_SUPERUSER_PASSWORD"]
        self.namespace = namespace.ready
        self.deployment_name = app.deployment_name
        self.service_name = app.service_name
        self.register_outputs(
            {
                "url": self.url,
                "admin_password": self.admin_password,
                "namespace": self.namespace,
                "deployment_name": self.deployment_name,
                "service_name": self.service_name,
            }
        )


def users_api_variables(args: UsersApiArgs) -> dict[str, pulumi.Input[str]]:
    """Environment of the application, without its secrets."""
    front = args.frontend_url or str(args.route.url)
    return {
        "BACKEND_CORS_ORIGINS": front,
        "DOMAIN": front.removeprefix("https://"),
        "ENVIRONMENT": args.stage,
        "FIRST_SUPERUSER": args.admin_email,
        "FRONTEND_HOST": front,
        "POSTGRES_DB": args.login.database,
        "POSTGRES_PORT": str(args.login.port),
        "POSTGRES_SERVER": args.login.host,
        "POSTGRES_USER": args.login.user,
        "PROJECT_NAME": args.title,
        # The file system is read-only: the one place to write is /tmp, and no byte code is kept.
        "HOME": "/tmp",  # noqa: S108 - a directory of the pod alone
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _migrate(
    name: str, args: UsersApiArgs, program: Program, namespace: Namespace, child: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """Run the migrations of the image to their end; another image, command or environment runs them again."""
    if not args.migration_command:
        return []
    # A Job's pods cannot be changed, so Pulumi replaces it. It is not deleted by age (`ttlSecondsAfterFinished`):
    # Pulumi would find it missing and migrate again.
    job = kubernetes.batch.v1.Job(
        f"{name}-migrations",
        metadata={
            "name": program.name,
            "namespace": namespace.ready,
            # Otherwise a failed Job stays, and every later deployment waits for it in vain:
            # https://www.pulumi.com/registry/packages/kubernetes/api-docs/batch/v1/job/
            "annotations": {"pulumi.com/replaceUnready": "true"},
        },
        spec={
            "backoff_limit": _MIGRATION_RETRIES,
            "active_deadline_seconds": _MIGRATION_SECONDS,
            "template": cast(
                Any,
                pod_template(
                    args,
                    program,
                    container={"command": list(args.migration_command)},
                    # A pod that failed keeps its log, and the next try is another pod.
                    pod={"restartPolicy": "Never"},
                ),
            ),
        },
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(provider=args.cluster.provider)),
    )
    return [job]
