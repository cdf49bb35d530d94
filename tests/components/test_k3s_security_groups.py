"""Who may talk to whom, rule by rule and in both directions."""

import pulumi

from components.k3s_security_groups import make_groups, plan_rules
from tests.conftest import Declare, Plan

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
NODES, SERVERS = "main-nodes-security-group-id", "main-servers-security-group-id"


def declared(declare: Declare) -> Plan:
    class Owner(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("test:index:Owner", "owner")
            opts = pulumi.ResourceOptions(parent=self)
            make_groups("main", vpc_id="vpc-1", bastion_id="sg-bastion", egress_ports=(80, 443), opts=opts)

    return declare(Owner)


def told(plan: Plan, kind: str) -> set[tuple[str, str, str, int, int]]:
    """Group, the other end, protocol and ports of each rule."""
    return {
        (
            rule["securityGroupId"],
            rule.get("referencedSecurityGroupId") or rule["cidrIpv4"],
            rule["ipProtocol"],
            rule["fromPort"],
            rule["toPort"],
        )
        for rule in plan.of(kind).values()
    }


def test_nobody_gets_in_but_by_these_rules(declare: Declare):
    assert told(declared(declare), INGRESS) == {
        (NODES, "sg-bastion", "tcp", 22, 22),
        (SERVERS, "sg-bastion", "tcp", 6443, 6443),
        (SERVERS, NODES, "tcp", 6443, 6443),
        (SERVERS, SERVERS, "tcp", 2379, 2380),
        (NODES, NODES, "udp", 8472, 8472),
        (NODES, NODES, "tcp", 10250, 10250),
    }


def test_nobody_gets_out_but_by_these_rules(declare: Declare):
    assert told(declared(declare), EGRESS) == {
        ("sg-bastion", NODES, "tcp", 22, 22),
        ("sg-bastion", SERVERS, "tcp", 6443, 6443),
        (NODES, SERVERS, "tcp", 6443, 6443),
        (SERVERS, SERVERS, "tcp", 2379, 2380),
        (NODES, NODES, "udp", 8472, 8472),
        (NODES, NODES, "tcp", 10250, 10250),
        (NODES, "0.0.0.0/0", "tcp", 80, 80),
        (NODES, "0.0.0.0/0", "tcp", 443, 443),
    }


def test_no_group_brings_rules_of_its_own(declare: Declare):
    groups = declared(declare).of("aws:ec2/securityGroup:SecurityGroup")
    assert set(groups) == {"main-nodes-security-group", "main-servers-security-group"}
    assert all(not {"ingress", "egress"} & set(each) for each in groups.values())


def test_the_internet_reaches_no_machine():
    assert {rule.source for rule in plan_rules((80, 443))} == {"bastion", "nodes", "servers"}


def test_etcd_is_for_servers_alone():
    assert [(rule.source, rule.target) for rule in plan_rules(()) if rule.role == "etcd"] == [("servers", "servers")]


def test_one_port_more_is_one_rule_more_out_and_none_in():
    fewer, more = plan_rules((80, 443)), plan_rules((80, 443, 587))
    (new,) = set(more) - set(fewer)
    assert (new.source, new.target, new.ports) == ("nodes", "anywhere", (587, 587))
