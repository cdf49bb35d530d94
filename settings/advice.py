"""What is allowed and still unwise: warnings that a preview shows, one sentence each."""

from collections.abc import Iterator
from datetime import timedelta

from settings.schedules import longest_pause, starts
from settings.sections import Settings

_DAY = timedelta(days=1)


def advice(settings: Settings) -> list[str]:
    """Warnings, each beginning with the key that it is about."""
    return [
        *_of_engine(settings),
        *_of_data(settings),
        *_of_sleep(settings),
        *(_of_high_availability(settings) if settings.high_availability else ()),
    ]


def _of_engine(settings: Settings) -> Iterator[str]:
    if settings.database and settings.database.engine == "postgresql-ha":
        yield (
            "socle:database.engine: postgresql-ha runs images that were frozen in bitnamilegacy in August 2025, "
            "get no security updates and may vanish; cloudnative-pg is maintained"
        )


def _of_data(settings: Settings) -> Iterator[str]:
    database, backups = settings.database, settings.backups
    by_velero = backups is not None and "database" in backups.namespaces
    if database and not database.backup and not by_velero:
        yield (
            "socle:database: nothing copies it: set socle:database.backup, or add database to socle:backups.namespaces"
        )


def _of_sleep(settings: Settings) -> Iterator[str]:
    if settings.sleep is None:
        return
    if settings.high_availability:
        yield "socle:sleep: everything stops when the machines do, and socle:high_availability asks that nothing does"
    for key, line in _backup_schedules(settings).items():
        if not any(map(settings.sleep.is_awake, starts(line))):
            yield f'{key}: "{line}" (UTC) always finds the machines of socle:sleep stopped, so that nothing is copied'


def _backup_schedules(settings: Settings) -> dict[str, str]:
    database, backups = settings.database, settings.backups
    lines = {
        "socle:backups.schedule": backups and backups.schedule,
        "socle:database.backup.schedule": database and database.backup and database.backup.schedule,
    }
    return {key: line for key, line in lines.items() if line}


def _of_high_availability(settings: Settings) -> Iterator[str]:
    api, front, database, ingress = settings.users_api, settings.web_frontend, settings.database, settings.ingress
    copies = {
        "socle:ingress.replicas": ingress and ingress.replicas,
        "socle:database.instances": database and database.instances,
        "socle:users_api.min_replicas": api and api.min_replicas,
        "socle:web_frontend.replicas": front and front.replicas,
    }
    for key, count in copies.items():
        if count == 1:
            yield f"{key}: 1 stops with its machine, and socle:high_availability asks for 2 or more"
    if settings.cluster and settings.cluster.kind == "k3s" and settings.cluster.k3s.servers == 1:
        yield "socle:cluster.k3s.servers: 1 stops the control plane with it, and socle:high_availability asks for 3"
    groups = settings.cluster.node_groups.values() if settings.cluster else ()
    if groups and sum(group.min_size for group in groups) == 1:
        yield "socle:cluster.node_groups: one node stops everything, and socle:high_availability asks for 2 or more"
    for key, line in _backup_schedules(settings).items():
        if longest_pause(line) > _DAY:
            yield f'{key}: "{line}" is less than once a day, and socle:high_availability asks for one a day'
