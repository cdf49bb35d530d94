"""Which resource of the program `broken` breaks which rule."""

from typing import Final

PLANTED: Final = {
    "EKS-01": "kubernetes",
    "EKS-02": "kubernetes",
    "EKS-03": "kubernetes",
    "EKS-04": "kubernetes",
    "EKS-05": "kubernetes",
    "EC2-01": "machines",
    "EC2-02": "machines",
    "EC2-03": "ssh",
    "EC2-04": "public-a",
    "EC2-05": "machines",
    "NET-01": "network",
    "NET-02": "network",
    "S3-01": "files",
    "S3-02": "files",
    "S3-03": "files",
    "S3-04": "files",
    "IAM-01": "pipelines",
    "IAM-02": "all",
    "IAM-03": "all",
    "IAM-04": "person",
    "KMS-01": "key",
    "SEC-01": "login",
    "LOG-01": "logs",
    "LOG-02": "trail",
    "EDGE-01": "web",
    "EDGE-02": "site",
    "EDGE-03": "tls",
    "EDGE-04": "anybody",
    "ECR-01": "images",
    "CI-01": "build",
    "K8S-01": "pods",
    "K8S-02": "pods",
    "K8S-03": "pods",
    "K8S-04": "app",
    "K8S-05": "pods",
    "COST-02": "nat-two",
    "COST-03": "web-again",
    "SAFE-01": "files",
    "TAG-01": "machines",
}
"""By rule, the resource on which both adapters find it."""
STACK_ALONE: Final = ""
READER_ALONE: Final = {
    "COST-01": (STACK_ALONE, "a pack is told neither prices nor what the other stacks cost"),
    "SAFE-01": ("archive-bucket", "a pack is asked about what will be, and never about what is deleted or replaced"),
}
"""By rule, the resource of what only the reader of previews can know, and why the pack cannot."""
