"""What the Datadog agent asks the programs of the platform for their metrics; this module creates no resource.

Each check runs on the node of a container whose image has one of its identifiers, and nowhere else: nothing has to be
switched on in the add-ons, and a check for something that is not installed costs nothing.
https://docs.datadoghq.com/containers/guide/ad_identifiers/
"""

import json
from collections.abc import Mapping, Sequence

Check = Mapping[str, object]

# The metrics of these three come with integrations of Datadog's, and are not billed as custom ones.
# https://docs.datadoghq.com/account_management/billing/custom_metrics/
_TRAEFIK: Check = {
    "openmetrics_endpoint": "http://%%host%%:9100/metrics",
    # Sum and count give the average; each bucket would be a metric of its own for every code, method and service.
    "collect_histogram_buckets": False,
    "exclude_metrics": ["^go_", "^process_", "^traefik_config_", "^traefik_entrypoint_", "_bytes$"],
}
# Datadog's queries know no clock, so the agent sends how long ago a moment is instead of the moment itself.
# https://github.com/DataDog/integrations-core/blob/master/datadog_checks_base/datadog_checks/base/checks/openmetrics/v2/transformers/time_elapsed.py
_CERT_MANAGER: Check = {
    "openmetrics_endpoint": "http://%%host%%:9402/metrics",
    # Negative until the certificate ends.
    "extra_metrics": [
        {
            "certmanager_certificate_expiration_timestamp_seconds": {
                "name": "certificate.overdue",
                "type": "time_elapsed",
            }
        }
    ],
}
_VELERO: Check = {
    "openmetrics_endpoint": "http://%%host%%:8085/metrics",
    "extra_metrics": [{"velero_backup_last_successful_timestamp": {"name": "backup.age", "type": "time_elapsed"}}],
    # Pods that move the data of one volume have the same image, and may have ended when they are asked.
    "ignore_connection_errors": True,
}
# Both engines under the same names, as custom metrics: some 40 per instance, of the 100 per node that Datadog's plans
# include. https://cloudnative-pg.io/docs/current/monitoring/ and https://github.com/prometheus-community/postgres_exporter
_POSTGRESQL: Check = {
    "openmetrics_endpoint": "http://%%host%%:9187/metrics",
    "namespace": "database",
    "metrics": [
        {
            "cnpg_backends_total": "connections",
            "cnpg_pg_settings_setting": "max_connections",
            "cnpg_pg_stat_database_xact_commit": "commits",
            "cnpg_pg_stat_database_xact_rollback": "rollbacks",
            # https://cloudnative-pg.io/plugin-barman-cloud/docs/observability/ , zero before the first backup.
            "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp": {
                "name": "backup.age",
                "type": "time_elapsed",
            },
            "pg_stat_database_numbackends": "connections",
            "pg_settings_max_connections": "max_connections",
            "pg_stat_database_xact_commit": "commits",
            "pg_stat_database_xact_rollback": "rollbacks",
        }
    ],
    # CloudNativePG shows all settings of PostgreSQL in one metric; one of them answers a question.
    "exclude_metrics_by_labels": {"name": ["^(?!max_connections$)"]},
    # Two instances on one node would otherwise be one.
    "tags": ["pod_name:%%kube_pod_name%%"],
    "tag_by_endpoint": False,
}


def _file(identifiers: Sequence[str], instance: Check) -> str:
    # JSON is YAML.
    return json.dumps({"ad_identifiers": list(identifiers), "init_config": {}, "instances": [instance]}, indent=2)


CHECKS: Mapping[str, str] = {
    "traefik_mesh.yaml": _file(["traefik"], _TRAEFIK),
    "cert_manager.yaml": _file(["cert-manager-controller"], _CERT_MANAGER),
    "velero.yaml": _file(["velero"], _VELERO),
    "openmetrics.yaml": _file(["postgresql", "postgres-exporter"], _POSTGRESQL),
}
"""Files of the agent by name, which is that of the check; each takes the place of the agent's own of that name."""
