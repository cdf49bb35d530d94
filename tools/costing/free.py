"""Types of resources that cost nothing by themselves."""

from typing import Final

# Configuration of things that are billed where they are, IAM, rules, routes, records. https://aws.amazon.com/pricing/
_AWS: Final = frozenset(
    f"aws:{each}"
    for each in (
        *("acm/certificate:Certificate", "acm/certificateValidation:CertificateValidation"),
        *("autoscaling/attachment:Attachment", "autoscaling/schedule:Schedule", "autoscaling/tag:Tag"),
        *("cloudfront/cachePolicy:CachePolicy", "cloudfront/function:Function"),
        *("cloudfront/originAccessControl:OriginAccessControl",),
        *("cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",),
        *("cloudwatch/dashboard:Dashboard", "cloudwatch/logResourcePolicy:LogResourcePolicy"),
        *("ec2/defaultSecurityGroup:DefaultSecurityGroup", "ec2/eipAssociation:EipAssociation"),
        *("ec2/flowLog:FlowLog", "ec2/internetGateway:InternetGateway", "ec2/keyPair:KeyPair"),
        *("ec2/launchTemplate:LaunchTemplate", "ec2/networkInterface:NetworkInterface", "ec2/route:Route"),
        *("ec2/routeTable:RouteTable", "ec2/routeTableAssociation:RouteTableAssociation"),
        *("ec2/securityGroup:SecurityGroup", "ec2/subnet:Subnet", "ec2/vpc:Vpc", "ec2/tag:Tag"),
        *("eks/accessEntry:AccessEntry", "eks/accessPolicyAssociation:AccessPolicyAssociation", "eks/addon:Addon"),
        *("eks/podIdentityAssociation:PodIdentityAssociation",),
        *("iam/instanceProfile:InstanceProfile", "iam/openIdConnectProvider:OpenIdConnectProvider"),
        *("iam/policy:Policy", "iam/role:Role", "iam/rolePolicy:RolePolicy"),
        *("iam/rolePolicyAttachment:RolePolicyAttachment",),
        *("kms/alias:Alias", "lb/listener:Listener", "lb/listenerRule:ListenerRule", "lb/targetGroup:TargetGroup"),
        *("lb/targetGroupAttachment:TargetGroupAttachment", "route53/record:Record"),
        *("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "s3/bucketLogging:BucketLogging"),
        *("s3/bucketOwnershipControls:BucketOwnershipControls", "s3/bucketPolicy:BucketPolicy"),
        *("s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "s3/bucketVersioning:BucketVersioning"),
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        *("secretsmanager/secretVersion:SecretVersion", "ssm/parameter:Parameter"),
        # A first million of messages, and a thousand mails, are free: https://aws.amazon.com/sns/pricing/
        *("sns/topic:Topic", "sns/topicPolicy:TopicPolicy", "sns/topicSubscription:TopicSubscription"),
        # 14 million invocations are free: https://aws.amazon.com/eventbridge/pricing/
        *("scheduler/schedule:Schedule", "scheduler/scheduleGroup:ScheduleGroup"),
        # https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/ and …/aws-cost-anomaly-detection/pricing/
        *("budgets/budget:Budget", "costexplorer/anomalyMonitor:AnomalyMonitor"),
        *("costexplorer/anomalySubscription:AnomalySubscription", "costexplorer/costAllocationTag:CostAllocationTag"),
        *("chatbot/slackChannelConfiguration:SlackChannelConfiguration",),
        *("vpc/securityGroupEgressRule:SecurityGroupEgressRule",),
        *("vpc/securityGroupIngressRule:SecurityGroupIngressRule",),
    )
)
_ELSEWHERE: Final = ("pulumi:", "random:", "tls:", "command:", "datadog:", "socle:", "eks:")
"""Providers that make nothing in AWS, and components, whose children count."""


def is_free(type_: str) -> bool:
    """Whether a type costs nothing: what runs on the cluster is paid with its nodes."""
    return type_ in _AWS or type_.startswith(("kubernetes:", *_ELSEWHERE))
