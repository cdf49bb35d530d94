"""The sections of the team's own applications."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from settings.kinds import DomainName, Email, EnvironmentName, Image, PortNumber, Section, UrlPath, refuse


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

    @field_validator("max_replicas")
    @classmethod
    def _not_below_minimum(cls, most: int, info: ValidationInfo) -> int:
        fewest: int = info.data.get("min_replicas", 1)
        if most < fewest:
            refuse(f"expected a whole number from min_replicas {fewest} to 50, got {most}")
        return most


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
