# ruff: noqa: E501 (one case a line reads as the table that it is)
"""Cases of the rules on what visitors reach, on Kubernetes, costs, safety and tags."""

from typing import Any

from policy.rules.model import UNKNOWN, Resource
from tests.policy.cases import (
    BUCKET,
    INSTANCE,
    RELEASE,
    SPACE,
    TAGS,
    Case,
    one,
    pod,
    template,
)

LISTENER, BALANCER = "aws:lb/listener:Listener", "aws:lb/loadBalancer:LoadBalancer"
SITE = "aws:cloudfront/distribution:Distribution"
CERTIFICATE, RECORD = "aws:acm/certificate:Certificate", "aws:route53/record:Record"
ISSUED = one("aws:acm/certificateValidation:CertificateValidation")
FUNCTION, PERMISSION = "aws:lambda/function:Function", "aws:lambda/permission:Permission"
STAGE, REPOSITORY = "aws:apigatewayv2/stage:Stage", "aws:ecr/repository:Repository"
BUILD, PIPELINE = "aws:codebuild/project:Project", "aws:codepipeline/pipeline:Pipeline"
NETWORK = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
INGRESS, ALB = "kubernetes:networking.k8s.io/v1:Ingress", "alb.ingress.kubernetes.io/"
EIP, PROVIDER = "aws:ec2/eip:Eip", "pulumi:providers:aws"
DATABASE = "kubernetes:postgresql.cnpg.io/v1:Cluster"
REDIRECT = {"type": "redirect", "redirect": {"protocol": "HTTPS"}}
TLS = {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}
BEHAVIOUR = {"viewerProtocolPolicy": "redirect-to-https"}
VIEWERS = {"acmCertificateArn": "a", "minimumProtocolVersion": "TLSv1.2_2021"}
ORIGIN = {"originId": "files", "originAccessControlId": "oac"}
RATE = {"throttlingRateLimit": 10}
CLOSED: dict[str, Any] = {"metadata": {"namespace": "app"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}


def site(**changes: Any) -> Resource:
    kept: dict[str, Any] = {"defaultCacheBehavior": BEHAVIOUR, "viewerCertificate": VIEWERS, "origins": [ORIGIN]}
    return one(SITE, **{**kept, **changes})


def space(name: str = "app", level: str | None = "restricted") -> Resource:
    labels = {"pod-security.kubernetes.io/enforce": level} if level else {}
    return one(SPACE, metadata={"name": name, "labels": labels})


def balanced(name: str, group: str | None = None) -> Resource:
    notes = {f"{ALB}scheme": "internet-facing"}
    return one(INGRESS, name, metadata={"annotations": {**notes, **({f"{ALB}group.name": group} if group else {})}})


def rbac(**rule: Any) -> Resource:
    return one(ROLE, rules=[{"verbs": ["get"], "resources": ["pods"], **rule}])


CASES = [
    Case("EDGE-01", (
        one(LISTENER, **TLS), one(LISTENER, protocol="HTTP", defaultActions=[REDIRECT]), one(LISTENER, protocol="TCP"),
        one(BALANCER, dropInvalidHeaderFields=True), one(BALANCER, loadBalancerType="network"),
    ), (
        (one(LISTENER, protocol="HTTP", defaultActions=[{"type": "forward"}]),), (one(BALANCER),),
        (one(LISTENER, protocol="HTTPS", sslPolicy="ELBSecurityPolicy-2016-08"),),
        (one(LISTENER, protocol="TLS", sslPolicy="ELBSecurityPolicy-TLS13-1-0-2021-06"),),
        (one("kubernetes:networking.k8s.io/v1:Ingress",
             metadata={"annotations": {"alb.ingress.kubernetes.io/scheme": "internet-facing"}}),),
        (one("kubernetes:networking.k8s.io/v1:Ingress",
             metadata={"annotations": {"alb.ingress.kubernetes.io/ssl-policy": "ELBSecurityPolicy-2016-08"}}),),
    )),
    Case("EDGE-02", (site(),), (
        (site(defaultCacheBehavior={"viewerProtocolPolicy": "allow-all"}),),
        (site(orderedCacheBehaviors=[{"pathPattern": "/a", "viewerProtocolPolicy": "allow-all"}]),),
        (site(viewerCertificate={"cloudfrontDefaultCertificate": True}),),
        (site(viewerCertificate={**VIEWERS, "minimumProtocolVersion": "TLSv1"}),), (site(origins=[{"originId": "files"}]),),
        (site(origins=[{"originId": "a", "customOriginConfig": {"originProtocolPolicy": "http-only"}}]),),
        (one("aws:cloudfront/originAccessControl:OriginAccessControl", signingBehavior="never"),),
    )),
    Case("EDGE-03", (
        one(CERTIFICATE, validationMethod="DNS"), ISSUED,
        one(RECORD, aliases=[{"name": "d1.cloudfront.net"}], links={"aliases": ("urn:site",)}),
        one(RECORD, records=["192.0.2.1"], links={}), one(RECORD, records=UNKNOWN, links={"records": ("urn:site",)}),
    ), (
        (one(CERTIFICATE, validationMethod="EMAIL"), ISSUED), (one(CERTIFICATE, validationMethod="DNS"),),
        (one(CERTIFICATE, "a", validationMethod="DNS"), one(CERTIFICATE, "b", validationMethod="DNS"), ISSUED),
        (one(RECORD, aliases=[{"name": "d1.cloudfront.net"}], links={}),),
        (one(RECORD, records=["files.s3-website.eu-west-3.amazonaws.com"], links={}),),
    )),
    Case("EDGE-04", (
        one(FUNCTION, runtime="python3.13"), one(PERMISSION, principal="s3.amazonaws.com", sourceArn="arn"),
        one(STAGE, accessLogSettings={"destinationArn": "arn"}, defaultRouteSettings=RATE),
    ), (
        (one(FUNCTION, runtime="python3.8"),), (one(PERMISSION, principal="*"),),
        (one(PERMISSION, principal="s3.amazonaws.com"),), (one(STAGE, defaultRouteSettings=RATE),),
        (one(STAGE, accessLogSettings={"destinationArn": "arn"}),),
    )),
    Case("ECR-01", (
        one(REPOSITORY, imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True}),
        one("aws:ecr/lifecyclePolicy:LifecyclePolicy"),
    ), (
        (one(REPOSITORY, imageScanningConfiguration={"scanOnPush": True}), one("aws:ecr/lifecyclePolicy:LifecyclePolicy")),
        (one(REPOSITORY, imageTagMutability="IMMUTABLE"), one("aws:ecr/lifecyclePolicy:LifecyclePolicy")),
        (one(REPOSITORY, imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True}),),
    )),
    Case("CI-01", (
        one(BUILD, environment={"image": "docker:28", "privilegedMode": True}),
        one(PIPELINE, artifactStores=[{"location": "b", "encryptionKey": {"id": "k"}}]),
    ), (
        (one(BUILD, environment={"image": "aws/codebuild/standard:7.0", "privilegedMode": True}),),
        (one(BUILD, artifacts={"encryptionDisabled": True}),), (one(PIPELINE, artifactStores=[{"location": "b"}]),),
    )),
    Case("K8S-01", (
        space(), space("datadog", "privileged"), pod(), one(RELEASE, namespace="velero", values={"a": {"privileged": True}}),
    ), (
        (space(level=None),), (space(level="baseline"),), (pod(hostNetwork=True),), (pod(hostPID=True),),
        (pod(volumes=[{"name": "h", "hostPath": {"path": "/"}}]),), (pod(securityContext={"runAsNonRoot": True}),),
        (pod(securityContext={"seccompProfile": {"type": "RuntimeDefault"}}),), (pod({"securityContext": {}}),),
        (pod({"securityContext": {"privileged": True, "capabilities": {"drop": ["ALL"]}}}),),
        (pod({"securityContext": {"allowPrivilegeEscalation": False}}),),
        (pod({"securityContext": {"runAsUser": 0, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}),),
        (pod({"securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}}),),
        (one(RELEASE, namespace="app", values={"a": {"hostNetwork": True}}),),
    )),
    Case("K8S-02", (pod(),), (
        (pod({"resources": {}}),), (pod({"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}),),
        (pod({"resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}}),),
    )),
    Case("K8S-03", (pod(), pod({"image": "redis:8.0"}), one(RELEASE, version="v1.2.3", values={"image": {"tag": "1.0"}})), (
        (pod({"image": "ghcr.io/devu42/app"}),), (pod({"image": "ghcr.io/devu42/app:latest"}),),
        (pod({"image": "registry.example.org/app:1.0"}),), (pod({"image": "bitnami/redis:8.0"}),), (one(RELEASE),),
        (one(RELEASE, version=">=1.2"),), (one(RELEASE, version="1.2.3", values={"image": {"tag": "latest"}}),),
        (one(DATABASE, spec={"imageName": "ghcr.io/cloudnative-pg/postgresql"}),),
    )),
    Case("K8S-04", (space(), one(NETWORK, **CLOSED), space("cert-manager")), (
        (space(),), (space(), one(NETWORK, metadata={"namespace": "other"}, spec=CLOSED["spec"])),
        (space(), one(NETWORK, **{**CLOSED, "spec": {"podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Ingress"]}})),
        (space(), one(NETWORK, **{**CLOSED, "spec": {"podSelector": {}, "policyTypes": ["Egress"]}})),
        (space(), one(NETWORK, **{**CLOSED, "spec": {**CLOSED["spec"], "ingress": [{"ports": []}]}})),
        (space(), one(NETWORK, **{**CLOSED, "spec": {**CLOSED["spec"], "ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}})),
        (one("eks:index:Cluster", vpcCniOptions={"enableNetworkPolicy": False}),),
    )),
    Case("K8S-05", (rbac(), pod(), one("kubernetes:core/v1:ServiceAccount", automountServiceAccountToken=False)), (
        (rbac(verbs=["*"]),), (rbac(resources=["*"]),), (rbac(verbs=["escalate"]),), (rbac(resources=["secrets"]),),
        (one(BINDING, roleRef={"name": "cluster-admin"}),), (pod(automountServiceAccountToken=True),),
        (one(BINDING, roleRef={"name": "view"}, subjects=[{"name": "system:unauthenticated"}]),),
        (one("kubernetes:core/v1:ServiceAccount"),),
    )),
    Case("COST-03", (
        template(), one(INSTANCE, instanceType="t4g.small", rootBlockDevice={"volumeType": "gp3"}), one(EIP, instance="i"),
        balanced("a", "web"), balanced("b", "web"), one(INGRESS, metadata={}),
    ), (
        (balanced("a"), balanced("b")), (one(BALANCER), balanced("a")), (one("aws:ebs/volume:Volume"),), (one(INSTANCE, instanceType="t3.small", rootBlockDevice={"volumeType": "gp3"}),),
        (one(INSTANCE, instanceType="t4g.small"),), (one(EIP),), (one(BALANCER, "a"), one(BALANCER, "b")),
        (template(creditSpecification={"cpuCredits": "unlimited"}),),
        (one(BALANCER), one("kubernetes:core/v1:Service", spec={"type": "LoadBalancer"})),
        (one("kubernetes:storage.k8s.io/v1:StorageClass", provisioner="ebs.csi.aws.com", parameters={"type": "gp2"}),),
    )),
    Case("SAFE-01", (one(BUCKET), one(BUCKET, forceDestroy=True, protect=True), one(DATABASE, protect=True)), (
        (one(BUCKET, forceDestroy=True),), (one(DATABASE, protect=False),),
        (one("aws:route53/zone:Zone", forceDestroy=True),), (one("aws:kms/key:Key", deletionWindowInDays=1),),
    )),
    Case("TAG-01", (
        one(PROVIDER, defaultTags={"tags": TAGS}), template(), one(INSTANCE, rootBlockDevice={"tags": TAGS}),
        one("aws:autoscaling/group:Group", tags=[{"key": key, "value": value} for key, value in TAGS.items()]),
    ), (
        (one(PROVIDER),), (template(tagSpecifications=[]),), (one(INSTANCE),), (one("aws:autoscaling/group:Group"),),
        *((one(PROVIDER, defaultTags={"tags": {key: TAGS[key] for key in TAGS if key != left}}),) for left in TAGS),
    )),
]  # fmt: skip
