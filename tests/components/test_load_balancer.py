from typing import Any

import pulumi
import pytest

from components.cluster import IngressTargets
from components.forwarding import plan_forwards, plan_node_ports
from components.load_balancer import HealthCheck, LoadBalancer, LoadBalancerArgs
from tests.conftest import Declare, Plan

LISTENER = "aws:lb/listener:Listener"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
CERTIFICATE = "arn:aws:acm:eu-west-3:123456789012:certificate/1"
APPLICATION = {"kind": "application", "certificate_arn": CERTIFICATE}


def out(value: str) -> pulumi.Output[str]:
    return pulumi.Output.from_input(value)


def targets(**changes: Any) -> IngressTargets:
    given: dict[str, Any] = {
        "security_group_id": out("sg-nodes"),
        "autoscaling_group_names": {"web": out("asg-web")},
        "instance_ids": {"server": out("i-1")},
        **changes,
    }
    return IngressTargets(**given)


def health(**changes: Any) -> HealthCheck:
    given: dict[str, Any] = {"protocol": "HTTP", "path": "/ping", "node_port": 30090, **changes}
    return HealthCheck(**given)


def args(**changes: Any) -> LoadBalancerArgs:
    given: dict[str, Any] = {
        "kind": "network",
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-a", "subnet-b"],
        "targets": targets(),
        "http_node_port": 30080,
        "https_node_port": 30443,
        "health_check": health(),
        **changes,
    }
    return LoadBalancerArgs(**given)


def declared(declare: Declare, **changes: Any) -> Plan:
    return declare(lambda: LoadBalancer("ingress", args(**changes)))


def doors(plan: Plan) -> dict[tuple[int, str], str]:
    """Group of each ingress rule on the load balancer itself, by port and range."""
    return {
        (rule["fromPort"], rule["cidrIpv4"]): rule["securityGroupId"]
        for rule in plan.of(INGRESS).values()
        if "cidrIpv4" in rule
    }


def test_network_passes_both_ports_through_as_tcp(declare: Declare) -> None:
    plan = declared(declare)
    listeners = {each["port"]: (each["protocol"], each["defaultActions"]) for each in plan.of(LISTENER).values()}
    assert listeners == {
        80: ("TCP", [{"type": "forward", "targetGroupArn": "arn:aws:mock:::ingress-http"}]),
        443: ("TCP", [{"type": "forward", "targetGroupArn": "arn:aws:mock:::ingress-https"}]),
    }
    groups = plan.of(TARGET_GROUP)
    assert {name: (each["port"], each["protocol"]) for name, each in groups.items()} == {
        "ingress-http": (30080, "TCP"),
        "ingress-https": (30443, "TCP"),
    }


def test_network_keeps_the_client_s_address(declare: Declare) -> None:
    groups = declared(declare).of(TARGET_GROUP).values()
    assert {(each["targetType"], each["preserveClientIp"]) for each in groups} == {("instance", "true")}


def test_network_has_its_security_group_from_birth_and_serves_every_zone(declare: Declare) -> None:
    balancer = declared(declare).one(BALANCER)
    assert balancer["loadBalancerType"] == "network"
    assert balancer["securityGroups"] == ["ingress-security-group-id"]
    assert balancer["subnets"] == ["subnet-a", "subnet-b"]
    assert balancer["enableCrossZoneLoadBalancing"] is True
    assert "dropInvalidHeaderFields" not in balancer


def test_application_ends_tls_with_the_certificate_and_speaks_tls_to_the_nodes(declare: Declare) -> None:
    plan = declared(declare, **APPLICATION)
    listener = plan.of(LISTENER)["ingress-https"]
    assert (listener["port"], listener["protocol"], listener["certificateArn"]) == (443, "HTTPS", CERTIFICATE)
    assert listener["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    group = plan.one(TARGET_GROUP)
    assert (group["port"], group["protocol"]) == (30443, "HTTPS")
    assert "preserveClientIp" not in group


def test_application_redirects_http_for_good(declare: Declare) -> None:
    listener = declared(declare, **APPLICATION).of(LISTENER)["ingress-http"]
    assert (listener["port"], listener["protocol"]) == (80, "HTTP")
    assert listener["defaultActions"] == [
        {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
    ]


def test_application_drops_malformed_headers_and_closes_silent_connections(declare: Declare) -> None:
    balancer = declared(declare, **APPLICATION, idle_timeout_seconds=90).one(BALANCER)
    assert balancer["dropInvalidHeaderFields"] is True
    assert balancer["desyncMitigationMode"] == "defensive"
    assert balancer["idleTimeout"] == 90


def test_the_load_balancer_is_public_and_protected_when_asked(declare: Declare) -> None:
    balancer = declared(declare, deletion_protection=True).one(BALANCER)
    assert (balancer["internal"], balancer["enableDeletionProtection"]) == (False, True)


def test_deletion_protection_is_off_by_default(declare: Declare) -> None:
    assert declared(declare).one(BALANCER)["enableDeletionProtection"] is False


def test_anyone_may_come_to_both_doors_by_default(declare: Declare) -> None:
    group = "ingress-security-group-id"
    assert doors(declared(declare)) == {(80, "0.0.0.0/0"): group, (443, "0.0.0.0/0"): group}


def test_only_allowed_ranges_may_come_when_they_are_named(declare: Declare) -> None:
    plan = declared(declare, allowed_cidrs=["192.0.2.0/24", "198.51.100.7/32"])
    assert set(doors(plan)) == {(port, cidr) for port in (80, 443) for cidr in ("192.0.2.0/24", "198.51.100.7/32")}


def test_the_nodes_let_in_only_the_load_balancer_and_only_on_their_ports(declare: Declare) -> None:
    into_nodes = {
        (rule["fromPort"], rule["toPort"], rule["ipProtocol"], rule.get("referencedSecurityGroupId"))
        for rule in declared(declare).of(INGRESS).values()
        if rule["securityGroupId"] == "sg-nodes"
    }
    assert into_nodes == {(port, port, "tcp", "ingress-security-group-id") for port in (30080, 30443, 30090)}


def test_the_load_balancer_reaches_nothing_but_the_nodes_ports(declare: Declare) -> None:
    rules = declared(declare).of(EGRESS).values()
    assert {
        (rule["securityGroupId"], rule["fromPort"], rule["toPort"], rule["referencedSecurityGroupId"]) for rule in rules
    } == {("ingress-security-group-id", port, port, "sg-nodes") for port in (30080, 30443, 30090)}
    assert not any("cidrIpv4" in rule for rule in rules)


def test_the_health_check_opens_no_port_of_its_own_when_traffic_uses_it() -> None:
    assert plan_node_ports(plan_forwards("network", 30080, 30443), 30080) == {"http": 30080, "https": 30443}


def test_application_leaves_the_http_node_port_closed() -> None:
    assert plan_node_ports(plan_forwards("application", 30080, 30443), 30090) == {"https": 30443, "health": 30090}


def test_the_health_check_asks_the_path_on_its_port(declare: Declare) -> None:
    check = health(interval_seconds=15, healthy_threshold=3, unhealthy_threshold=4)
    for group in declared(declare, health_check=check).of(TARGET_GROUP).values():
        assert group["healthCheck"] == {
            "protocol": "HTTP",
            "port": "30090",
            "path": "/ping",
            "interval": 15,
            "timeout": 5,
            "healthyThreshold": 3,
            "unhealthyThreshold": 4,
        }


def test_a_tcp_health_check_asks_no_path(declare: Declare) -> None:
    check = health(protocol="TCP", path=None)
    for group in declared(declare, health_check=check).of(TARGET_GROUP).values():
        assert "path" not in group["healthCheck"]


def test_leaving_nodes_drain(declare: Declare) -> None:
    groups = declared(declare, drain_seconds=30).of(TARGET_GROUP).values()
    assert {group["deregistrationDelay"] for group in groups} == {30}


def test_every_target_group_takes_every_auto_scaling_group_and_instance(declare: Declare) -> None:
    plan = declared(declare)
    groups = plan.of("aws:autoscaling/attachment:Attachment")
    assert {name: (each["autoscalingGroupName"], each["lbTargetGroupArn"]) for name, each in groups.items()} == {
        f"ingress-{role}-web": ("asg-web", f"arn:aws:mock:::ingress-{role}") for role in ("http", "https")
    }
    instances = plan.of("aws:lb/targetGroupAttachment:TargetGroupAttachment")
    assert {name: (each["targetId"], each["targetGroupArn"]) for name, each in instances.items()} == {
        f"ingress-{role}-server": ("i-1", f"arn:aws:mock:::ingress-{role}") for role in ("http", "https")
    }


def test_outputs_lead_to_the_load_balancer(declare: Declare) -> None:
    known: dict[str, str] = {}

    def program() -> None:
        balancer = LoadBalancer("ingress", args())
        balancer.arn.apply(lambda value: known.__setitem__("arn", value))
        balancer.security_group_id.apply(lambda value: known.__setitem__("security_group_id", value))

    declare(program)
    assert known == {"arn": "arn:aws:mock:::ingress-lb", "security_group_id": "ingress-security-group-id"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "application"}, "certificate_arn is required by kind 'application'"),
        ({"certificate_arn": CERTIFICATE}, "certificate_arn must be omitted for kind 'network'"),
        ({**APPLICATION, "subnet_ids": ["a"]}, "subnet_ids must name 2 or more for kind 'application', got 1"),
        ({"subnet_ids": []}, "subnet_ids must name 1 or more for kind 'network', got 0"),
        ({"http_node_port": 80}, "http_node_port must be from 30000 to 32767, got 80"),
        ({"https_node_port": 32768}, "https_node_port must be from 30000 to 32767, got 32768"),
        ({"http_node_port": 30443}, "http_node_port and https_node_port must differ, got 30443 twice"),
        ({"allowed_cidrs": []}, "allowed_cidrs must name at least one IPv4 network, got none"),
        ({"allowed_cidrs": ["anyone"]}, "allowed_cidrs must hold IPv4 networks, got 'anyone'"),
        ({"drain_seconds": 3601}, "drain_seconds must be from 0 to 3600, got 3601"),
        ({"idle_timeout_seconds": 0}, "idle_timeout_seconds must be from 1 to 4000, got 0"),
    ],
)
def test_bad_values_are_refused_with_what_is_allowed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        args(**changes)


def test_a_load_balancer_without_any_target_is_refused() -> None:
    nobody = targets(autoscaling_group_names={}, instance_ids={})
    with pytest.raises(ValueError, match="targets must name at least one auto scaling group or instance, got none"):
        args(targets=nobody)


def test_an_application_load_balancer_cannot_check_health_by_tcp() -> None:
    with pytest.raises(ValueError, match=r"health_check\.protocol must be 'HTTP' or 'HTTPS' for kind 'application'"):
        args(**APPLICATION, health_check=health(protocol="TCP", path=None))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"node_port": 8080}, "node_port must be from 30000 to 32767, got 8080"),
        ({"interval_seconds": 5}, "interval_seconds must be from 10 to 300, got 5"),
        ({"healthy_threshold": 1}, "healthy_threshold must be from 2 to 10, got 1"),
        ({"unhealthy_threshold": 11}, "unhealthy_threshold must be from 2 to 10, got 11"),
        ({"protocol": "TCP"}, "path must be omitted when protocol is 'TCP', got '/ping'"),
        ({"path": None}, "path must start with '/' when protocol is 'HTTP', got None"),
        ({"path": "ping"}, "path must start with '/' when protocol is 'HTTP', got 'ping'"),
    ],
)
def test_bad_health_checks_are_refused_with_what_is_allowed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        health(**changes)


def test_an_application_without_certificate_serves_http_alone_when_that_is_said_aloud(declare: Declare) -> None:
    plan = declared(declare, kind="application", allow_plain_http=True)
    listener = plan.one(LISTENER)
    assert (listener["port"], listener["protocol"]) == (80, "HTTP")
    assert not {"certificateArn", "sslPolicy"} & listener.keys()
    # To the nodes it still speaks HTTPS, which the ingress controller does not redirect.
    group = plan.one(TARGET_GROUP)
    assert (group["port"], group["protocol"]) == (30443, "HTTPS")
    assert {port for port, _ in doors(plan)} == {80}


@pytest.mark.parametrize("given", [{"kind": "network"}, APPLICATION])
def test_plain_http_is_refused_where_there_is_no_need_for_it(given: dict[str, Any]) -> None:
    message = "allow_plain_http must be false but for kind 'application' without certificate_arn"
    with pytest.raises(ValueError, match=message):
        args(**given, allow_plain_http=True)
