"""Resources that are registered by type and properties alone, without the SDK of their provider."""

from typing import Any

import pulumi

Inputs = dict[str, Any]

_OUTPUTS = ("arn", "name", "endpoint", "certificateAuthority", "vpcConfig")
"""What the components of the rehearsal read of the resources that they register."""


class Registered(pulumi.CustomResource):
    """A resource with outputs in the provider's own camelCase."""

    def output(self, name: str) -> pulumi.Output[Any]:
        """An input, or one of the outputs that components read."""
        return self.__dict__[name]


def register(type_: str, name: str, inputs: Inputs, opts: pulumi.ResourceOptions) -> Registered:
    """Register a resource; inputs that are None are left out."""
    return Registered(type_, name, {**dict.fromkeys(_OUTPUTS), **inputs}, opts)
