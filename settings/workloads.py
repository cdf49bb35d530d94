"""The sections of the team's own applications."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from settings.kinds import (
    DomainName,
    Email,
    EnvironmentName,
    Image,
    Owner,
    PortNumber,
    Section,
    StorageSize,
    UrlPath,
    refuse,
)

# What the components set themselves, from other settings or as secrets.
OF_USERS_API = frozenset(
    (
        *("BACKEND_CORS_ORIGINS", "DOMAIN", "ENVIRONMENT", "FIRST_SUPERUSER", "FIRST_SUPERUSER_PASSWORD"),
        *("FRONTEND_HOST", "PROJECT_NAME", "SECRET_KEY", "HOME", "PYTHONDONTWRITEBYTECODE"),
        *("POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_PORT", "POSTGRES_SERVER", "POSTGRES_USER"),
    )
)
OF_F1_VOTE = frozenset(
    (
        *("ADDRESS_HEADER", "ADMIN_PASSWORD", "HOME", "ORIGIN", "PORT", "REDIS_URL"),
        *("SHUTDOWN_TIMEOUT", "XFF_DEPTH"),
    )
)


def free_names(environment: dict[str, str], taken: frozenset[str]) -> dict[str, str]:
    """Refuse variables that the component sets itself."""
    for name in sorted(taken.intersection(environment)):
        refuse(f'expected other variables than those that Socle sets itself, got "{name}"')
    return environment


def at_least(most: int, fewest: int) -> int:
    """Refuse fewer pods under load than at rest."""
    if most < fewest:
        refuse(f"expected a whole number from min_replicas {fewest} to 50, got {most}")
    return most


class Registry(Section):
    """A private registry, from which the applications' images are pulled."""

    server: DomainName
    """Its host, as the names of the images begin with it."""
    username: Owner
    """User, or name of a deploy token that may read images; its password is `socle:registry_password`."""


class UsersApi(Section):
    """The API of the users' application: FastAPI on PostgreSQL."""

    image: Image
    """Container image, by tag or digest."""
    host: DomainName
    """Its name, inside `socle:dns.zone`."""
    admin_email: Email
    """Login of the first administrator; the password is drawn."""
    stage: Literal["staging", "production"] = "production"
    """What the application calls its environment."""
    min_replicas: int = Field(default=2, ge=1, le=50)
    """Fewest pods; two survive the loss of a node."""
    max_replicas: int = Field(default=6, ge=1, le=50)
    """Most pods; they are added above 70 % CPU."""
    port: PortNumber = 8000
    """Port on which the container listens."""
    health_path: UrlPath = "/api/v1/utils/health-check/"
    """Path that answers 200 while the container is well."""
    migration_command: tuple[str, ...] = ("bash", "scripts/prestart.sh")
    """Command of the same image that migrates the database before a new image takes over; `[]` for none."""
    environment: dict[EnvironmentName, str] = Field(default_factory=dict[str, str])
    """Further environment of the container; no secrets, they stay readable here."""

    @field_validator("environment")
    @classmethod
    def _own_names(cls, environment: dict[str, str]) -> dict[str, str]:
        return free_names(environment, OF_USERS_API)

    @field_validator("max_replicas")
    @classmethod
    def _not_below_minimum(cls, most: int, info: ValidationInfo) -> int:
        return at_least(most, info.data.get("min_replicas", 1))


class WebFrontend(Section):
    """The front end as a container on the cluster; its other form, files on CloudFront, is `socle:site`."""

    image: Image
    """Container image, by tag or digest, of a web server that needs no root."""
    host: DomainName
    """Its name, inside `socle:dns.zone`."""
    replicas: int = Field(default=2, ge=1, le=50)
    """Pods; two survive the loss of a node."""
    port: PortNumber = 8080
    """Port on which the container listens."""
    environment: dict[EnvironmentName, str] = Field(default_factory=dict[str, str])
    """Environment of the container; no secrets, they stay readable here."""


class F1Vote(Section):
    """The F1 vote: a SvelteKit application and its Redis."""

    image: Image
    """Container image, by tag or digest."""
    host: DomainName | None = None
    """Its name, inside `socle:dns.zone`; any name when omitted, which needs `socle:ingress.allow_plain_http`."""
    admin: Literal["password", "application"] = "password"
    """Who guards `/admin`: a password that the ingress controller asks for, or the application itself, which finds
    one in ADMIN_PASSWORD."""
    min_replicas: int = Field(default=2, ge=1, le=50)
    """Fewest pods; two survive the loss of a node."""
    max_replicas: int = Field(default=8, ge=1, le=50)
    """Most pods; they are added above 70 % CPU."""
    storage: StorageSize = "1Gi"
    """Size of the volume that keeps the votes."""
    environment: dict[EnvironmentName, str] = Field(default_factory=dict[str, str])
    """Further environment of the container; no secrets, they stay readable here."""

    @field_validator("environment")
    @classmethod
    def _own_names(cls, environment: dict[str, str]) -> dict[str, str]:
        return free_names(environment, OF_F1_VOTE)

    @field_validator("max_replicas")
    @classmethod
    def _not_below_minimum(cls, most: int, info: ValidationInfo) -> int:
        return at_least(most, info.data.get("min_replicas", 1))
