"""What K3s machines may do in AWS: policies as pure functions; this module creates no resource."""

from components import iam

CLUSTER_TAG = "kubernetes.io/cluster/{name}"
"""Tag key of the machines, and of the volumes and snapshots that the EBS CSI driver makes; its value is `owned`."""

OWNED = "owned"

# None of them can be limited to a resource:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
_LOOK = (
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeSnapshots",
    "ec2:DescribeTags",
    "ec2:DescribeVolumes",
    "ec2:DescribeVolumesModifications",
    "ec2:DescribeVolumeStatus",
)


def read_secret(secret_arn: str) -> str:
    """JSON policy: read the value of one secret."""
    return iam.document(iam.statement(["secretsmanager:GetSecretValue"], [secret_arn]))


def write_snapshots(bucket_arn: str) -> str:
    """JSON policy: keep etcd snapshots in a bucket, and delete those past their time.

    https://docs.k3s.io/cli/etcd-snapshot#s3-compatible-object-store-support
    """
    return iam.document(
        iam.statement(["s3:ListBucket", "s3:GetBucketLocation"], [bucket_arn]),
        iam.statement(
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], [f"{bucket_arn}/*"]
        ),
    )


def manage_volumes(*, cluster_name: str, region: str, account_id: str) -> str:
    """JSON policy of the EBS CSI driver: volumes and snapshots with the cluster's tag, on machines with it.

    Narrower than the driver's own example, which reaches every volume of the account:
    https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/example-iam-policy.json
    """
    volumes = f"arn:aws:ec2:{region}:{account_id}:volume/*"
    snapshots = f"arn:aws:ec2:{region}::snapshot/*"
    instances = f"arn:aws:ec2:{region}:{account_id}:instance/*"
    tag = CLUSTER_TAG.format(name=cluster_name)
    ours: iam.Conditions = {"StringEquals": {f"aws:ResourceTag/{tag}": OWNED}}
    tagged: iam.Conditions = {"StringEquals": {f"aws:RequestTag/{tag}": OWNED}}
    being_made: iam.Conditions = {"StringEquals": {"ec2:CreateAction": ["CreateVolume", "CreateSnapshot"]}}
    return iam.document(
        iam.statement(_LOOK, ["*"]),
        iam.statement(["ec2:CreateVolume"], [volumes], conditions=tagged),
        # A volume made from a snapshot: the snapshot is asked about too.
        iam.statement(["ec2:CreateVolume"], [snapshots], conditions=ours),
        iam.statement(["ec2:CreateSnapshot"], [snapshots], conditions=tagged),
        iam.statement(["ec2:CreateSnapshot", "ec2:ModifyVolume", "ec2:DeleteVolume"], [volumes], conditions=ours),
        iam.statement(["ec2:AttachVolume", "ec2:DetachVolume"], [volumes, instances], conditions=ours),
        iam.statement(["ec2:DeleteSnapshot"], [snapshots], conditions=ours),
        iam.statement(["ec2:CreateTags"], [volumes, snapshots], conditions=being_made),
    )
