"""What the engine does when one setting of a stack that is up changes."""

from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.world import Thing
from tests.rehearsal.checkouts import Checkout, Config, of_type, replaced, updated

pytestmark = pytest.mark.usefixtures("engine")

SUBNET = "aws:ec2/subnet:Subnet"
ROUTE = "aws:ec2/route:Route"
Cloud = dict[str, Thing]


class Stack:
    """Staging, which is up on EKS; each change of its settings is brought up at once."""

    def __init__(self, checkout: Checkout, **cluster: str) -> None:
        self._checkout = checkout
        checkout.edit("staging", _in("cluster", kind="eks", **cluster))
        # Alerts have no part in it.
        checkout.edit("staging", lambda config: config.pop("socle:monitoring"))
        checkout.must("up", "staging")
        self.cloud = checkout.cloud("staging")

    def change(self, edit: Callable[[Config], object]) -> tuple[Cloud, Cloud]:
        """What exists before and after a change of the settings."""
        before = self.cloud
        self._checkout.edit("staging", edit)
        self._checkout.must("up", "staging")
        self.cloud = self._checkout.cloud("staging")
        return before, self.cloud


def _in(section: str, **settings: Any) -> Callable[[Config], object]:
    return lambda config: config[f"socle:{section}"].update(settings)


def _names(keys: set[str]) -> set[str]:
    return {key.partition(" ")[2] for key in keys}


def test_settings_of_the_network_touch_what_they_are_about(checkout: Checkout) -> None:
    stack = Stack(checkout)

    def one_more_zone_and_flow_logs(config: Config) -> None:
        config["socle:network"] |= {"zones": 3, "flow_logs": {"retention_days": 14}}

    before, after = stack.change(one_more_zone_and_flow_logs)
    assert before.keys() <= after.keys()
    # AWS cannot change the subnets of a node group: the one thing that a new zone replaces, with what names its group.
    assert replaced(before, after) == {
        "aws:eks/nodeGroup:NodeGroup main-nodes-main",
        "aws:autoscaling/attachment:Attachment web-http-main",
        "aws:autoscaling/attachment:Attachment web-https-main",
    }
    assert set(of_type(after, SUBNET)) - set(of_type(before, SUBNET)) == {
        "main-public-eu-west-3c",
        "main-private-eu-west-3c",
    }
    assert not updated(before, after) & {f"{SUBNET} {name}" for name in of_type(before, SUBNET)}
    assert set(of_type(after, "aws:ec2/flowLog:FlowLog")) == {"main-flow-logs"}

    before, after = stack.change(_in("network", egress="nat-gateway"))
    assert _names(set(before) - set(after)) >= {"main-nat-group", "main-nat-interface", "main-nat-template"}
    assert set(of_type(after, "aws:ec2/natGateway:NatGateway")) == {"main-nat-gateway-eu-west-3a"}
    (gateway,) = of_type(after, "aws:ec2/natGateway:NatGateway").values()
    ways_out = {name: route for name, route in of_type(after, ROUTE).items() if name.endswith("-egress")}
    assert len(ways_out) == 3
    assert {route.inputs["natGatewayId"] for route in ways_out.values()} == {gateway.id}
    assert replaced(before, after) == set()

    checkout.edit("staging", _in("network", cidr="10.40.0.0/16"))
    preview = checkout.must("preview", "staging")
    assert "+- aws:ec2:Vpc main-vpc replace [diff: ~cidrBlock]" in preview.output
    assert preview.changes["replace"] > len(of_type(after, SUBNET))
    assert checkout.cloud("staging") == after


def test_settings_of_cluster_and_site_update_in_place(checkout: Checkout) -> None:
    stack = Stack(checkout, version="1.35")

    def more_of_everything(config: Config) -> None:
        config["socle:cluster"]["version"] = "1.36"
        config["socle:cluster"]["node_groups"]["main"]["max_size"] = 5
        config["socle:site"]["price_class"] = "PriceClass_All"

    before, after = stack.change(more_of_everything)
    assert before.keys() == after.keys()
    assert replaced(before, after) == set()
    assert updated(before, after) == {
        "aws:eks/cluster:Cluster main-eks-cluster-eksCluster",
        "aws:eks/nodeGroup:NodeGroup main-nodes-main",
        "aws:eks/addon:Addon main-coredns",
        "aws:eks/addon:Addon main-eks-cluster-kube-proxy",
        "aws:cloudfront/distribution:Distribution site-distribution",
        "kubernetes:helm.sh/v3:Release cluster-autoscaler-controller-release",
    }
    (cluster,) = of_type(after, "aws:eks/cluster:Cluster").values()
    (nodes,) = of_type(after, "aws:eks/nodeGroup:NodeGroup").values()
    (site,) = of_type(after, "aws:cloudfront/distribution:Distribution").values()
    assert (cluster.inputs["version"], nodes.inputs["version"]) == ("1.36", "1.36")
    assert nodes.inputs["scalingConfig"]["maxSize"] == 5
    assert site.inputs["priceClass"] == "PriceClass_All"
