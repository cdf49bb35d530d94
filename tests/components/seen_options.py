"""What a component asks of the engine beyond inputs: order, provider, replacement."""

import pulumi


class SeenOptions:
    """Remembers the options of every resource under the component that gets `opts`."""

    def __init__(self) -> None:
        self.by_name: dict[str, pulumi.ResourceOptions] = {}

    @property
    def opts(self) -> pulumi.ResourceOptions:
        """Options to give to the component."""
        return pulumi.ResourceOptions(transformations=[self._remember])

    def _remember(self, args: pulumi.ResourceTransformationArgs) -> None:
        self.by_name[args.name] = args.opts

    def before(self, name: str) -> set[str]:
        """Names of what `name` waits for by `depends_on`."""
        first = self.by_name[name].depends_on
        assert isinstance(first, list)
        return {resource.pulumi_resource_name for resource in first if isinstance(resource, pulumi.Resource)}
