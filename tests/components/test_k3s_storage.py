"""Values of the charts that bring volumes and snapshots to K3s."""

from components.k3s_storage import ebs_csi_values, snapshot_controller_values


def test_only_servers_whose_role_may_do_it_manage_volumes():
    controller = ebs_csi_values(cluster_name="demo", region="eu-west-3", servers=1, tags={})["controller"]
    assert controller["nodeSelector"] == {"node-role.kubernetes.io/control-plane": "true"}
    assert controller["tolerations"] == [{"operator": "Exists"}]


def test_volumes_carry_the_tags_of_cluster_and_stack():
    controller = ebs_csi_values(cluster_name="demo", region="eu-west-3", servers=1, tags={"owner": "team"})[
        "controller"
    ]
    assert controller["k8sTagClusterId"] == "demo"
    assert controller["extraVolumeTags"] == {"owner": "team"}


def test_one_server_runs_one_controller_and_three_run_two():
    counts = [
        ebs_csi_values(cluster_name="demo", region="eu-west-3", servers=servers, tags={})["controller"]["replicaCount"]
        for servers in (1, 3)
    ]
    assert counts == [1, 2]


def test_snapshots_are_served_whatever_the_chart_sees_while_it_renders():
    values = ebs_csi_values(cluster_name="demo", region="eu-west-3", servers=1, tags={})
    assert values["sidecars"]["snapshotter"]["forceEnable"] is True
    assert snapshot_controller_values()["installCRDs"] is True


def test_every_container_says_what_it_needs():
    values = ebs_csi_values(cluster_name="demo", region="eu-west-3", servers=1, tags={})
    for part in (values["controller"], values["node"], snapshot_controller_values()["controller"]):
        assert part["resources"]["requests"].keys() == {"cpu", "memory"}
        assert part["resources"]["limits"].keys() == {"memory"}
