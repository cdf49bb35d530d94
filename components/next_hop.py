"""Where a private route table sends what leaves the VPC."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class NextHop:
    """One of the two ways out; both kinds of egress give one for each zone.

    The network owns the routes and changes their target in place: AWS refuses a second default route beside the
    first, which is what replacing one kind of egress by the other would ask for if each owned its routes.
    """

    nat_gateway_id: pulumi.Output[str] | None = None
    """A NAT gateway."""
    network_interface_id: pulumi.Output[str] | None = None
    """The fixed network interface of a NAT instance."""
