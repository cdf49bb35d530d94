"""What is watched with Datadog, from nodes to backups; this module creates no resource.

Metrics of nodes: https://docs.datadoghq.com/integrations/system/ . Of Kubernetes objects:
https://docs.datadoghq.com/integrations/kubernetes_state_core/ . Of programs: `components/addons/datadog_checks.py`.
"""

from components.monitor import Levels, Monitor
from components.watched import Watched

# Memory that is reclaimed late and CPU without reserve make pods slow first, then evicted; ten points to come back.
_NODE_CPU = Levels(warning=80, critical=90, warning_recovery=70, critical_recovery=80)
_NODE_MEMORY = Levels(warning=80, critical=90, warning_recovery=75, critical_recovery=85)
# The next rollout needs a few free places on each node: of the 110 that Kubernetes gives a node, 10 % are eleven.
# https://kubernetes.io/docs/setup/best-practices/cluster-large/
_PODS_PER_NODE = Levels(warning=80, critical=90)
# One node is replaced by its group; with two, replicas and volumes may be gone together.
_NODES_NOT_READY = Levels(warning=1, critical=2)
# In percent of the replicas that there should be: below 1 nobody answers, below 100 the reserve is used up.
_AVAILABILITY = Levels(warning=100, critical=1)
# Above one second people notice that they wait: https://www.nngroup.com/articles/response-times-3-important-limits/
_RESPONSE_SECONDS = Levels(warning=0.5, critical=1, warning_recovery=0.4, critical_recovery=0.8)
# Two pods of a FastAPI worker each; a load test of the application says better.
_REQUESTS_PER_SECOND = Levels(warning=50, critical=100, warning_recovery=40, critical_recovery=80)
# In five minutes. A single one may be a pod that left; ten are an error that users see.
_HTTP_500 = Levels(warning=2, critical=10)
# In percent of max_connections, of which PostgreSQL keeps three back for the superuser.
_CONNECTIONS = Levels(warning=75, critical=90, warning_recovery=70, critical_recovery=85)
# A gp3 volume does 3 000 operations a second, and a small transaction that writes some six of them.
# https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
_TRANSACTIONS = Levels(warning=300, critical=500, warning_recovery=250, critical_recovery=450)
# cert-manager renews after two thirds of the lifetime: 30 days before the end of 90, 15 of the 45 that Let's Encrypt
# comes down to (https://letsencrypt.org/2025/12/02/from-90-to-45). At 14, one renewal at least has failed.
_CERTIFICATE_DAYS = Levels(warning=14, critical=7)
_HOURS_OF_A_BACKUP = 2
_HOURS_OF_A_DAY = 24
# Seconds, 31 years: an age above it counts from 1970, which is how the plugin writes that there is no backup yet.
# https://docs.datadoghq.com/dashboards/functions/exclusion/#cutoff
_NEVER = 10**9


def plan_monitors(watched: Watched) -> list[Monitor]:
    """All monitors, the most urgent first."""
    groups = (_availability, _requests, _nodes, _database, _keeping)
    return [each for group in groups for each in group(watched)]


def _availability(watched: Watched) -> list[Monitor]:
    where = watched.scope(f"kube_namespace IN ({','.join(watched.namespaces)})")
    each = "by {kube_namespace,kube_deployment}"
    replicas = "kubernetes_state.deployment.replicas"
    # Each node has this condition once, with the status that it has: those of the other statuses are not sent.
    # https://github.com/DataDog/datadog-agent/blob/main/pkg/collector/corechecks/cluster/ksm/kubernetes_state_transformers.go
    nodes = f"sum:kubernetes_state.node.by_condition{watched.scope('condition:ready')}"
    ready = f"sum:kubernetes_state.node.by_condition{watched.scope('condition:ready', 'status:true')}"
    return [
        Monitor(
            key="service-availability",
            title="Replicas of a service are missing",
            window="max(last_10m)",
            expression=f"100 * sum:{replicas}_available{where} {each} / sum:{replicas}_desired{where} {each}",
            unit="% of the replicas",
            comparator="<",
            levels=_AVAILABILITY,
            no_data_minutes=30,
        ),
        Monitor(
            key="node-not-ready",
            title="Nodes are not ready",
            window="min(last_5m)",
            expression=f"{nodes} - {ready}",
            unit="nodes",
            comparator=">=",
            levels=_NODES_NOT_READY,
            # The one monitor that also says when the agent or the whole cluster has fallen silent, or no node is ready.
            no_data_minutes=15,
        ),
    ]


def _requests(watched: Watched) -> list[Monitor]:
    if watched.ingress != "traefik":
        return []
    metric = "traefik_mesh.service.request"
    failed = watched.scope("code:5*")
    errors = Monitor(
        key="http-500",
        title="A service answers with HTTP 5xx",
        window="sum(last_5m)",
        # Without a failure there may be no series at all, which is zero failures.
        expression=f"default_zero(sum:{metric}s.count{failed} by {{traefik_service}}.as_count())",
        unit="answers in 5 minutes",
        comparator=">=",
        levels=_HTTP_500,
    )
    if watched.api_namespace is None:
        return [errors]
    # Traefik calls a service <namespace>-<service>-<port>@kubernetes.
    api = watched.scope(f"traefik_service:{watched.api_namespace}-*")
    seconds = f"{metric}.duration.seconds"
    return [
        errors,
        Monitor(
            key="response-time",
            title="The API answers slowly",
            window="sum(last_10m)",
            expression=f"sum:{seconds}.sum{api}.as_count() / sum:{seconds}.count{api}.as_count()",
            unit="seconds on average",
            comparator=">",
            levels=_RESPONSE_SECONDS,
        ),
        Monitor(
            key="requests-per-second",
            title="The API gets more requests than it was made for",
            window="avg(last_10m)",
            expression=f"sum:{metric}s.count{api}.as_rate()",
            unit="requests per second",
            comparator=">",
            levels=_REQUESTS_PER_SECOND,
        ),
    ]


def _nodes(watched: Watched) -> list[Monitor]:
    everywhere, running = watched.scope(), watched.scope("pod_phase:running")
    places = f"max:kubernetes_state.node.pods_allocatable{everywhere} by {{node}}"
    return [
        Monitor(
            key="node-cpu",
            title="A node has no CPU left",
            window="avg(last_15m)",
            expression=f"100 - avg:system.cpu.idle{everywhere} by {{host}}",
            unit="% of the CPU",
            comparator=">",
            levels=_NODE_CPU,
        ),
        Monitor(
            key="node-memory",
            title="A node has no memory left",
            window="avg(last_10m)",
            expression=f"100 - 100 * avg:system.mem.pct_usable{everywhere} by {{host}}",
            unit="% of the memory",
            comparator=">",
            levels=_NODE_MEMORY,
        ),
        Monitor(
            key="pods-per-node",
            title="A node has no place for more pods",
            window="min(last_15m)",
            expression=f"100 * sum:kubernetes_state.pod.status_phase{running} by {{node}} / {places}",
            unit="% of its places",
            comparator=">",
            levels=_PODS_PER_NODE,
        ),
    ]


def _database(watched: Watched) -> list[Monitor]:
    if watched.database_namespace is None:
        return []
    where = watched.scope(f"kube_namespace:{watched.database_namespace}")
    limit = f"max:database.max_connections{where} by {{pod_name}}"
    return [
        Monitor(
            key="database-connections",
            title="PostgreSQL runs out of connections",
            window="avg(last_5m)",
            expression=f"100 * sum:database.connections{where} by {{pod_name}} / {limit}",
            unit="% of max_connections",
            comparator=">",
            levels=_CONNECTIONS,
        ),
        Monitor(
            key="database-queries",
            title="PostgreSQL is busier than its volume bears",
            window="avg(last_10m)",
            expression=f"sum:database.commits.count{where}.as_rate() + sum:database.rollbacks.count{where}.as_rate()",
            unit="transactions per second",
            comparator=">",
            levels=_TRANSACTIONS,
            # Its exporter counts even when nobody asks anything: silence means that PostgreSQL does not run.
            no_data_minutes=30,
        ),
    ]


def _keeping(watched: Watched) -> list[Monitor]:
    found: list[Monitor] = []
    if watched.backup_schedule is not None:
        where = watched.scope(f"schedule:{watched.backup_schedule}")
        age, hours = f"max:velero.backup.age{where}", watched.backup_hours
        # Velero waits for the schedule, so that the first backup may be as far away as two ever are.
        found.append(_age("backup-age", "Kubernetes", age, hours, hours + _HOURS_OF_A_DAY))
    if watched.database_namespace is not None and watched.database_backup_hours is not None:
        where = watched.scope(f"kube_namespace:{watched.database_namespace}")
        # Every instance reports; the newest backup counts, whichever made it.
        newest = f"cutoff_max(min:database.backup.age{where}, {_NEVER})"
        # CloudNativePG makes its first backup at once.
        found.append(_age("database-backup-age", "the database", newest, watched.database_backup_hours, 3))
    if watched.certificates:
        overdue = f"max:cert_manager.certificate.overdue{watched.scope()} by {{namespace,name}}"
        found.append(
            Monitor(
                key="certificate-expiry",
                title="A certificate is not renewed",
                window="max(last_1h)",
                expression=f"0 - {overdue} / 86400",
                unit="days left",
                comparator="<",
                levels=_CERTIFICATE_DAYS,
                # The first issue may take a while: until then the certificate counts as ended.
                new_group_delay_seconds=3600,
                no_data_minutes=180,
            )
        )
    return found


def _age(key: str, of: str, seconds: str, every_hours: int, first_hours: int) -> Monitor:
    """One backup missed is a warning, two are critical; a backup takes up to two hours itself.

    Without any backup there is no age: after `first_hours` that is the worst case, before it is a new stack.
    """
    return Monitor(
        key=key,
        title=f"The newest backup of {of} is old",
        window="min(last_1h)",
        expression=f"{seconds} / 3600",
        unit="hours old",
        comparator=">",
        levels=Levels(warning=every_hours + _HOURS_OF_A_BACKUP, critical=2 * every_hours + _HOURS_OF_A_BACKUP),
        no_data_minutes=first_hours * 60,
    )
