"""The three resources of Datadog's provider that the platform has, without the import of all the others.

Importing `pulumi_datadog` takes four and a half seconds of each preview and update, for types of dashboards alone. The
package stays pinned: from it the engine knows the plugin, and the rehearsal what each property may be.
"""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final, cast

import pulumi

Inputs = Mapping[str, Any]
"""Inputs by the provider's own names, https://www.pulumi.com/registry/packages/datadog/api-docs/ ."""

_VERSION: Final = version("pulumi_datadog")
_SECRET: Final = ("apiKey", "appKey")


class DatadogProvider(pulumi.ProviderResource):
    """A connection to one site of Datadog."""

    def __init__(self, name: str, *, api_url: str, api_key: pulumi.Input[str], app_key: pulumi.Input[str]) -> None:
        keys = {"apiKey": pulumi.Output.secret(api_key), "appKey": pulumi.Output.secret(app_key)}
        opts = pulumi.ResourceOptions(version=_VERSION, additional_secret_outputs=[*_SECRET])
        super().__init__("datadog", name, {"apiUrl": api_url, **keys}, opts)


class DatadogMonitor(pulumi.CustomResource):
    """A question that is asked every minute, and who is told of its answer. Free beside the agents."""

    def __init__(self, name: str, inputs: Inputs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("datadog:index/monitor:Monitor", name, dict(inputs), _versioned(opts))


class DatadogDashboard(pulumi.CustomResource):
    """A page of graphs. Free beside the agents."""

    def __init__(self, name: str, inputs: Inputs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("datadog:index/dashboard:Dashboard", name, {**inputs, "url": None}, _versioned(opts))

    @property
    def url(self) -> pulumi.Output[str]:
        """Path of the page on Datadog's site."""
        return cast(Any, pulumi).get(self, "url")


def _versioned(opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(pulumi.ResourceOptions(version=_VERSION), opts)
