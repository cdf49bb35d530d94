"""EC2: metadata, disks and addresses of machines."""

from collections.abc import Iterator
from typing import Any, Final

from policy.rules.model import Context, Resource, at, each, on, yes

INSTANCE: Final = "aws:ec2/instance:Instance"
TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_CLUSTER_TAG: Final = "kubernetes.io/cluster/"
_AT_THE_EDGE: Final = frozenset({"nat", "bastion"})
"""Last words of the names of machines that are there to have a public address."""
_POD_HOPS: Final = 2


def names(machine: Resource) -> Iterator[dict[str, Any]]:
    """Tags of a machine, or of those that a template makes."""
    yield machine.at("tags", default={})
    for each_ in machine.each("tagSpecifications"):
        if at(each_, "resourceType") == "instance":
            yield at(each_, "tags", default={})


def _is_node(machine: Resource) -> bool:
    return any(key.startswith(_CLUSTER_TAG) for tags in names(machine) for key in tags)


@on(INSTANCE, TEMPLATE)
def metadata(machine: Resource, _: Context) -> Iterator[str]:
    """Credentials are given by the second version of the metadata service only, and to the machine itself."""
    if str(machine.at("metadataOptions", "httpEndpoint", default="enabled")) == "disabled":
        return
    if machine.at("metadataOptions", "httpTokens") != "required":
        yield "metadataOptions.httpTokens is not required, so that IMDSv1 answers"
    hops = int(machine.at("metadataOptions", "httpPutResponseHopLimit", default=1))
    most = _POD_HOPS if _is_node(machine) else 1
    if hops > most:
        yield f"metadataOptions.httpPutResponseHopLimit is {hops}, expected {most} at most"


@on(INSTANCE)
def disks(machine: Resource, _: Context) -> Iterator[str]:
    """Every disk of an instance is encrypted."""
    if not machine.yes("rootBlockDevice", "encrypted"):
        yield "rootBlockDevice.encrypted is not true"
    for disk in machine.each("ebsBlockDevices"):
        if not yes(at(disk, "encrypted")):
            yield f"the disk {at(disk, 'deviceName')} is not encrypted"


@on(TEMPLATE)
def template_disks(machine: Resource, _: Context) -> Iterator[str]:
    """Every disk of a template is encrypted, the root's too."""
    found = list(machine.each("blockDeviceMappings"))
    if not found:
        yield "blockDeviceMappings is empty, so that its disk is as the image has it"
    for disk in found:
        if not yes(at(disk, "ebs", "encrypted")):
            yield f"the disk {at(disk, 'deviceName')} is not encrypted"


@on("aws:ebs/volume:Volume", "aws:ebs/snapshotCopy:SnapshotCopy")
def volume(disk: Resource, _: Context) -> Iterator[str]:
    """A volume is encrypted."""
    if not disk.yes("encrypted"):
        yield "encrypted is not true"


@on("kubernetes:storage.k8s.io/v1:StorageClass")
def claims(kind: Resource, _: Context) -> Iterator[str]:
    """Volumes that pods claim are encrypted."""
    if kind.at("provisioner") == "ebs.csi.aws.com" and not kind.yes("parameters", "encrypted"):
        yield "parameters.encrypted is not true, so that volumes that pods claim are not encrypted"


@on("aws:ebs/encryptionByDefault:EncryptionByDefault")
def default(setting: Resource, _: Context) -> Iterator[str]:
    """The account's default is on."""
    if not setting.yes("enabled", default=True):
        yield "enabled is false"


def _at_the_edge(machine: Resource) -> bool:
    return any(str(tags.get("Name", "")).rpartition("-")[2] in _AT_THE_EDGE for tags in names(machine))


@on(INSTANCE, TEMPLATE)
def public(machine: Resource, _: Context) -> Iterator[str]:
    """Only machines at the edge have a public address."""
    interfaces = list(machine.each("networkInterfaces"))
    asked = machine.yes("associatePublicIpAddress") or any(
        yes(at(interface, "associatePublicIpAddress")) for interface in interfaces
    )
    if asked and not _at_the_edge(machine):
        yield "associatePublicIpAddress is true"


@on("aws:ec2/subnet:Subnet")
def subnet(net: Resource, _: Context) -> Iterator[str]:
    """A subnet gives no machine an address by itself."""
    if net.yes("mapPublicIpOnLaunch"):
        yield "mapPublicIpOnLaunch is true: whatever starts here has a public address"


@on("eks:index:Cluster")
def nodes(cluster: Resource, _: Context) -> Iterator[str]:
    """The nodes that pulumi-eks makes itself have none either."""
    if cluster.yes("nodeAssociatePublicIpAddress"):
        yield "nodeAssociatePublicIpAddress is true"


@on("eks:index:ManagedNodeGroup", "aws:eks/nodeGroup:NodeGroup")
def template(group: Resource, _: Context) -> Iterator[str]:
    """A node group has a template, without which AWS chooses the metadata options."""
    if group.inputs.get("launchTemplate") is None:
        yield "it has no launch template, so that metadata options and disks are what AWS chooses"


@on("aws:eks/nodeGroup:NodeGroup")
def remote(group: Resource, _: Context) -> Iterator[str]:
    """SSH into nodes is not open to the internet, as it is without security groups."""
    if group.at("remoteAccess") and not list(each(group.at("remoteAccess"), "sourceSecurityGroupIds")):
        yield "remoteAccess without sourceSecurityGroupIds opens port 22 to the internet"


CHECKS: Final = {
    "EC2-01": (metadata, template),
    "EC2-02": (disks, template_disks, volume, claims, default),
    "EC2-03": (remote,),
    "EC2-04": (public, subnet, nodes),
}
