"""PostgreSQL by either engine: the same outputs, the same secrets, and what is refused."""

from typing import Any, get_args

import pulumi
import pytest

from components.addons.database_server import Engine, mebibytes
from components.addons.postgresql import DatabaseBackupArgs, PostgreSql, PostgreSqlArgs
from tests.components.plain_cluster import PlainCluster
from tests.conftest import Declare, Outputs, Plan

ENGINES = get_args(Engine)
SEALED = "kubernetes:core/v1:Secret"
DRAWN = "random:index/randomPassword:RandomPassword"
BACKUP = DatabaseBackupArgs(schedule="0 3 * * *", retention_days=7)
COMPUTED: Outputs = {DRAWN: lambda _: {"result": "drawn"}}
HOSTS = {
    "cloudnative-pg": "postgresql-pooler.database.svc",
    "postgresql-ha": "postgresql-ha-pgpool.database.svc",
}
LABELS = {
    "cloudnative-pg": {"cnpg.io/poolerName": "postgresql-pooler"},
    "postgresql-ha": {"app.kubernetes.io/component": "pgpool", "app.kubernetes.io/instance": "postgresql-ha"},
}


def made(declare: Declare, **choices: Any) -> tuple[PostgreSql, dict[str, Any], Plan]:
    """The component, its outputs and the outputs of its logins by database, and what it declared."""
    components: list[PostgreSql] = []
    known: dict[str, Any] = {}

    def program() -> None:
        required: dict[str, Any] = {"databases": ("users", "vaultwarden")}
        args = PostgreSqlArgs(cluster=PlainCluster(), **{**required, **choices})
        component = PostgreSql("postgresql", args)
        components.append(component)
        outputs: dict[str, pulumi.Output[Any]] = {"host": component.host, "secret_name": component.secret_name}
        for database, login in component.logins.items():
            outputs |= {f"{database}.host": login.host, f"{database}.secret": login.secret_name}
            outputs[f"{database}.password"] = pulumi.Output.unsecret(login.password)
        pulumi.Output.all(**outputs).apply(known.update)

    plan = declare(program, outputs=COMPUTED)
    return components[0], known, plan


@pytest.mark.parametrize("engine", ENGINES)
def test_both_engines_say_the_same_of_themselves(declare: Declare, engine: str):
    component, known, _ = made(declare, engine=engine)
    assert known["host"] == HOSTS[engine]
    assert (component.port, component.database, known["secret_name"]) == (5432, "users", "postgresql-users-login")
    assert (component.namespace, component.pod_labels) == ("database", LABELS[engine])
    assert component.backup_bucket is None


@pytest.mark.parametrize("engine", ENGINES)
def test_each_database_has_a_login_of_its_own(declare: Declare, engine: str):
    component, known, _ = made(declare, engine=engine)
    assert list(component.logins) == ["users", "vaultwarden"]
    for database, login in component.logins.items():
        assert (login.user, login.database, login.port) == (database, database, 5432)
        assert (login.namespace, login.pod_labels) == ("database", LABELS[engine])
        assert known[f"{database}.host"] == HOSTS[engine]
        assert known[f"{database}.secret"] == f"postgresql-{database}-login"
        assert known[f"{database}.password"] == "drawn"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_login_is_a_secret_that_is_there_before_the_server(declare: Declare, engine: str):
    secret = made(declare, engine=engine)[2].of(SEALED)["postgresql-vaultwarden-login"]
    assert secret["type"] == "kubernetes.io/basic-auth"
    assert secret["metadata"] == {"name": "postgresql-vaultwarden-login", "namespace": "database"}
    # The engine receives it as a secret value.
    assert secret["stringData"]["value"] == {"username": "vaultwarden", "password": "drawn"}


@pytest.mark.parametrize("engine", ENGINES)
def test_every_password_is_drawn_by_itself(declare: Declare, engine: str):
    drawn = made(declare, engine=engine)[2].of(DRAWN)
    assert {"postgresql-users-login-password", "postgresql-vaultwarden-login-password"} <= set(drawn)


def test_the_password_of_a_login_stays_secret(declare: Declare):
    seen: list[bool] = []

    def program() -> None:
        args = PostgreSqlArgs(cluster=PlainCluster(), databases=("users",))
        password = PostgreSql("postgresql", args).logins["users"].password

        async def look() -> None:
            seen.append(await password.is_secret())

        pulumi.Output.from_input(look())

    declare(program, outputs=COMPUTED)
    assert seen == [True]


def test_cloudnative_pg_with_two_instances_and_no_backup_is_the_default(declare: Declare):
    args: list[PostgreSqlArgs] = []
    declare(lambda: args.append(PostgreSqlArgs(cluster=PlainCluster(), databases=("users",))))
    assert (args[0].engine, args[0].instances, args[0].storage) == ("cloudnative-pg", 2, "1Gi")
    assert (args[0].backup, args[0].protect, args[0].clients) == (None, False, ())


def test_the_bucket_of_the_backups_is_told(declare: Declare):
    component, _, plan = made(declare, backup=BACKUP)
    assert isinstance(component.backup_bucket, pulumi.Output)
    assert "aws:s3/bucket:Bucket" in plan.types


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"databases": ()}, "databases must be at least one name, each once, got ()"),
        ({"databases": ("a", "a")}, "databases must be at least one name, each once, got ('a', 'a')"),
        (
            {"databases": ("a", "Users")},
            "databases must be 1 to 40 lower-case letters, digits and _, a letter first, got 'Users'",
        ),
        (
            {"databases": ("a;drop",)},
            "databases must be 1 to 40 lower-case letters, digits and _, a letter first, got 'a;drop'",
        ),
        (
            {"databases": ("postgres",)},
            "databases must not be a name that PostgreSQL keeps for itself, got 'postgres'",
        ),
        ({"databases": ("pg_x",)}, "databases must not be a name that PostgreSQL keeps for itself, got 'pg_x'"),
        ({"instances": 0}, "instances must be 1 or more, got 0"),
        ({"storage": "1GB"}, "storage must be a size in Gi or Ti such as '1Gi', got '1GB'"),
        ({"storage": "0Gi"}, "storage must be a size in Gi or Ti such as '1Gi', got '0Gi'"),
        (
            {"engine": "postgresql-ha", "backup": BACKUP},
            "backup must be None with postgresql-ha, whose chart knows only dumps to a volume of the same cluster; "
            "Velero copies its volumes",
        ),
    ],
)
def test_a_server_that_could_not_be_made_is_refused(declare: Declare, changes: dict[str, Any], message: str):
    refusals: list[str] = []

    def program() -> None:
        required: dict[str, Any] = {"databases": ("users",)}
        with pytest.raises(ValueError) as refusal:
            PostgreSqlArgs(cluster=PlainCluster(), **{**required, **changes})
        refusals.append(str(refusal.value))

    declare(program)
    assert refusals == [message]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": "0 0 3 * * *"}, "schedule must be five cron fields such as '0 3 * * *', got '0 0 3 * * *'"),
        ({"schedule": "@daily"}, "schedule must be five cron fields such as '0 3 * * *', got '@daily'"),
        ({"schedule": "0 3 * * 5-7"}, "schedule must call Sunday 0, not 7, got '0 3 * * 5-7'"),
        ({"retention_days": 0}, "retention_days must be at least 1 day, got 0"),
    ],
)
def test_backups_that_would_never_be_made_are_refused(changes: dict[str, Any], message: str):
    required: dict[str, Any] = {"schedule": "0 3 * * *", "retention_days": 7}
    with pytest.raises(ValueError) as refusal:
        DatabaseBackupArgs(**{**required, **changes})
    assert str(refusal.value) == message


def test_a_schedule_every_seven_minutes_is_no_sunday():
    assert DatabaseBackupArgs(schedule="7 7 7 7 */7", retention_days=1).schedule == "7 7 7 7 */7"


def test_sizes_are_counted_as_postgresql_counts_them():
    assert (mebibytes("1Gi"), mebibytes("20Gi"), mebibytes("1Ti")) == (1024, 20480, 1048576)
    with pytest.raises(ValueError, match="storage must be a size in Gi or Ti such as '1Gi', got '5M'"):
        mebibytes("5M")
