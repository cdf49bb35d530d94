import copy
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.kubernetes.custom_resources import custom_kinds, schema_of, violations
from rehearsal.kubernetes.definitions import RELEASE
from rehearsal.kubernetes.provider import SimulatedKubernetes
from rehearsal.wire import UNKNOWN, Properties
from rehearsal.world import Thing, World
from tests.rehearsal.simulation import Refused, Stack

VERSIONS = ("1.35.0", "1.36.0", "1.37.0")
every = pytest.mark.parametrize("kind", custom_kinds().values(), ids=lambda kind: f"{kind.group} {kind.kind}")


@pytest.fixture
def cluster(world: World) -> Stack:
    world.put(Thing("aws:eks/cluster:Cluster", "main", "urn", {"version": "1.36"}, {}))
    return Stack(SimulatedKubernetes(world, "pulumi-kubernetes"))


def _object(api: str, kind: str, name: str, **fields: Any) -> tuple[str, Properties]:
    """A type token and the inputs of an object."""
    return f"kubernetes:{api}:{kind}", {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **fields}


def _issuer() -> tuple[str, Properties]:
    solver = {"dns01": {"route53": {"hostedZoneID": "Z1", "region": "eu-west-3"}}, "selector": {"dnsZones": ["a.fr"]}}
    acme = {"server": "https://acme", "email": "a@a.fr", "privateKeySecretRef": {"name": "key"}, "solvers": [solver]}
    return _object("cert-manager.io/v1", "ClusterIssuer", "letsencrypt", spec={"acme": acme})


def _postgresql(**spec: Any) -> tuple[str, Properties]:
    whole = {
        "instances": 2,
        "storage": {"size": "1Gi", "storageClass": "gp3"},
        "affinity": {"topologyKey": "topology.kubernetes.io/zone"},
        "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "512Mi"}},
        "plugins": [{"name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": True, "parameters": {"a": "b"}}],
        **spec,
    }
    return _object("postgresql.cnpg.io/v1", "Cluster", "main", spec=whole)


def _schedule(when: str) -> tuple[str, Properties]:
    spec = {"schedule": when, "template": {"includedNamespaces": ["shop"], "ttl": "168h0m0s"}}
    return _object("velero.io/v1", "Schedule", "daily", spec=spec)


def _edited(made: tuple[str, Properties], change: Callable[[Properties], object]) -> tuple[str, Properties]:
    inputs = copy.deepcopy(made[1])
    change(inputs["spec"])
    return made[0], inputs


@pytest.mark.parametrize(
    "made",
    [
        _issuer(),
        _postgresql(),
        _postgresql(instances=UNKNOWN, bootstrap={"initdb": {"secret": {"name": UNKNOWN}}}),
        _schedule("30 2 * * *"),
        _object(
            "postgresql.cnpg.io/v1", "ScheduledBackup", "a", spec={"schedule": "0 0 2 * * *", "cluster": {"name": "b"}}
        ),
        _object(
            "barmancloud.cnpg.io/v1",
            "ObjectStore",
            "a",
            spec={"configuration": {"destinationPath": "s3://a", "s3Credentials": {"inheritFromIAMRole": True}}},
        ),
        _object(
            "snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", "a", driver="ebs.csi.aws.com", deletionPolicy="Retain"
        ),
    ],
    ids=lambda made: made[0],
)
def test_what_the_definitions_allow_is_taken(cluster: Stack, made: tuple[str, Properties]) -> None:
    assert cluster.problems(*made) == set()


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (
            _edited(_issuer(), lambda spec: spec["acme"].update(emial="a@a.fr")),
            "spec.acme: unknown key emial, did you mean email? (ClusterIssuer of cert-manager.io/v1)",
        ),
        (
            _edited(_issuer(), lambda spec: spec["acme"].pop("server")),
            "spec.acme: 'server' is a required property (ClusterIssuer of cert-manager.io/v1)",
        ),
        (
            _edited(_issuer(), lambda spec: spec["acme"]["solvers"][0]["dns01"].update(cnameStrategy="Chase")),
            'spec.acme.solvers[0].dns01.cnameStrategy: expected one of None, Follow, got "Chase" '
            "(ClusterIssuer of cert-manager.io/v1)",
        ),
        (
            _postgresql(instances=0),
            "spec.instances: 0 is less than the minimum of 1 (Cluster of postgresql.cnpg.io/v1)",
        ),
        (
            _postgresql(backup={"barmanObjectStore": {}}),
            "spec.backup: unknown key barmanObjectStore (Cluster of postgresql.cnpg.io/v1)",
        ),
        (
            _postgresql(resources={"limit": {"memory": "1Gi"}}),
            "spec.resources: unknown key limit, did you mean limits? (Cluster of postgresql.cnpg.io/v1)",
        ),
        (
            _schedule("0 30 2 * * *"),
            "spec.schedule: expected text that matches ^((CRON_TZ=\\S+ )?(\\S+ ){4}\\S+|@every \\S+|@[a-z]+)$, "
            'got "0 30 2 * * *" (Schedule of velero.io/v1)',
        ),
    ],
)
def test_what_the_definitions_forbid_is_refused(cluster: Stack, made: tuple[str, Properties], problem: str) -> None:
    assert cluster.problems(*made) == {problem}


@every
@pytest.mark.parametrize("version", VERSIONS)
def test_every_form_is_one_that_can_be_checked(kind: Any, version: str) -> None:
    assert violations(kind, _full(kind.fields), version) is not None


def _full(form: Any) -> Any:
    """A value that reaches every place of a form, so that each reference of its schema is followed."""
    if isinstance(form, dict):
        return {key.removesuffix("!"): _full(below) for key, below in form.items()}  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]
    return [_full(form[0])] if isinstance(form, list) else {}  # pyright: ignore[reportUnknownArgumentType]


@every
def test_a_field_that_names_another_object_exists(kind: Any) -> None:
    for path in kind.names:
        place: Any = kind.fields
        for part in path.split("."):
            if place == "kubernetes core.v1.SecretKeySelector" and part == "name":
                place = "string"
                continue
            place = place[0] if isinstance(place, list) else place  # pyright: ignore[reportUnknownVariableType]
            place = place.get(part, place.get(f"{part}!", place.get("*")))  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]
        assert place == "string", path


def test_a_form_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a form of custom_resources/README\.md, got 'strnig'"):
        schema_of({"name": "strnig"})


def _chart(chart: str, **inputs: Any) -> Properties:
    return {"chart": chart, "version": "1", "name": chart.rpartition("/")[2], "namespace": "default", **inputs}


@pytest.mark.parametrize(
    ("made", "chart", "values"),
    [
        (_issuer(), "oci://quay.io/jetstack/charts/cert-manager", {"crds": {"enabled": True}}),
        (_postgresql(plugins=[]), "cloudnative-pg", {}),
        (_schedule("0 2 * * *"), "velero", {}),
    ],
)
def test_a_custom_resource_is_refused_until_the_chart_that_brings_its_kind_is_there(
    cluster: Stack, made: tuple[str, Properties], chart: str, values: Properties
) -> None:
    type_, inputs = made
    with pytest.raises(Refused, match=r'^no matches for kind "\w+" in version "[\w./-]+": the chart .* brings it'):
        cluster.create(type_, "it", "", **inputs)
    cluster.create(RELEASE, "chart", "", **_chart(chart, values=values))
    cluster.create(type_, "it", "", **inputs)


@pytest.mark.parametrize("values", [{}, {"crds": {"enabled": False}}])
def test_a_chart_that_leaves_its_definitions_out_brings_none(cluster: Stack, values: Properties) -> None:
    cluster.create(RELEASE, "chart", "", **_chart("cert-manager", values=values))
    with pytest.raises(Refused, match=r"the chart cert-manager with crds\.enabled brings it"):
        cluster.create(_issuer()[0], "it", "", **_issuer()[1])


def test_an_add_on_of_eks_brings_the_kinds_of_snapshots(cluster: Stack, world: World) -> None:
    type_, inputs = _object(
        "snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", "a", driver="ebs.csi.aws.com", deletionPolicy="Delete"
    )
    with pytest.raises(Refused, match="the EKS add-on snapshot-controller or the chart snapshot-controller brings it"):
        cluster.create(type_, "it", "", **inputs)
    world.put(Thing("aws:eks/addon:Addon", "main:snapshot-controller", "urn", {"addonName": "snapshot-controller"}, {}))
    assert cluster.create(type_, "it", "", **inputs)["id"] == "a"


def test_the_chart_that_brings_snapshots_to_k3s_takes_them_along(cluster: Stack) -> None:
    type_, inputs = _object(
        "snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", "a", driver="ebs.csi.aws.com", deletionPolicy="Delete"
    )
    cluster.create(RELEASE, "without", "", **_chart("snapshot-controller", values={"installCRDs": False}))
    with pytest.raises(Refused, match="the chart snapshot-controller brings it"):
        cluster.create(type_, "it", "", **inputs)
    cluster.delete(RELEASE, "without")
    cluster.create(RELEASE, "with", "", **_chart("snapshot-controller"))
    cluster.create(type_, "it", "", **inputs)
    with pytest.raises(Refused, match="and with them VolumeSnapshotClass a"):
        cluster.delete(RELEASE, "with")


def test_a_chart_that_would_take_data_along_is_not_uninstalled_before_it(cluster: Stack) -> None:
    type_, inputs = _postgresql(plugins=[])
    cluster.create(RELEASE, "operator", "", **_chart("cloudnative-pg"))
    cluster.create(type_, "main", "", **inputs)
    with pytest.raises(Refused, match="deletes its custom resource definitions, and with them Cluster default/main"):
        cluster.delete(RELEASE, "operator")
    cluster.delete(type_, "main")
    cluster.delete(RELEASE, "operator")


def test_a_chart_that_keeps_its_definitions_can_go_first(cluster: Stack) -> None:
    type_, inputs = _issuer()
    cluster.create(RELEASE, "manager", "", **_chart("cert-manager", values={"crds": {"enabled": True}}))
    cluster.create(type_, "it", "", **inputs)
    cluster.delete(RELEASE, "manager")
    cluster.delete(type_, "it")
