"""The static site of a stack."""

import pulumi

from components.site_logs import SiteLogsArgs
from components.static_site import StaticSite, StaticSiteArgs, strict_content_security_policy
from stack.foundation import Foundation, Zone


def static_site(base: Foundation, zone: Zone | None) -> None:
    """The static site on CloudFront; its pages may talk to the users' API of the same stack."""
    wanted, api = base.settings.site, base.settings.users_api
    if wanted is None:
        return
    logs = wanted.logs
    policy = strict_content_security_policy(connect_to=(f"https://{api.host}",) if api else ())
    site = StaticSite(
        "site",
        StaticSiteArgs(
            domain_name=wanted.domain,
            zone_id=zone.id if zone and wanted.domain else None,
            price_class=wanted.price_class,
            hashed_paths=wanted.hashed_paths,
            delete_contents=wanted.delete_contents,
            logs=logs
            and SiteLogsArgs(
                retention_days=logs.retention_days,
                account_id=base.account_id(),
                delete_with_site=logs.delete_contents,
            ),
            content_security_policy=wanted.content_security_policy or policy,
        ),
        base.opts,
    )
    base.outputs["site_url"] = site.url
    base.outputs["bucket"] = site.bucket_name
    base.outputs["distribution"] = site.distribution_id
    stack = pulumi.get_stack()
    base.outputs["to_publish_the_site"] = f"make site STACK={stack} && make publish STACK={stack}"
