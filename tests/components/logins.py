"""A database login for tests of what uses one."""

import pulumi

from components.database import Login


def example_login(database: str = "users") -> Login:
    """A login to a database that is ready."""
    return Login(
        host=pulumi.Output.from_input("main-rw.database.svc"),
        port=5432,
        database=database,
        user=database,
        password=pulumi.Output.secret("drawn-by-the-database"),
        secret_name=pulumi.Output.from_input("main-users"),
        namespace="database",
        pod_labels={"cnpg.io/cluster": "main"},
    )
