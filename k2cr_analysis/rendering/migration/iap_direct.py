"""IAP directly on the Cloud Run service, told beside the load balancer: what it saves, and what goes with it.

Source: IAP, "Enabling IAP for Cloud Run"; Cloud Run, "Map custom domains"; Cloud Load Balancing, "Pricing".
"""

from __future__ import annotations

from k2cr_analysis.model.prices import GLOBAL, PriceBook
from k2cr_analysis.platforms.billing import HOURS_PER_MONTH
from k2cr_analysis.rendering.network.backend_policy import source_ranges
from k2cr_analysis.rendering.spec.audience import direct_audience
from k2cr_analysis.rendering.spec.build import Build

_RULES, _DATA = "network.alb.rule", "network.alb.data"
_DATA_REGION = "us-central1"  # the global load balancer's rate stands there in the price book


def other_way_in(build: Build) -> list[str]:
    """Where IAP stands on a load balancer: the same without one."""
    reached = build.reached
    if reached is None or reached.iap != "load-balancer" or reached.reach != "external-load-balancer":
        return []
    policy, lost = reached.policy, []
    if policy.armor or source_ranges(build.workload):
        lost.append("Cloud Armor")
    if policy.cdn:
        lost.append("Cloud CDN")
    if reached.balancer and reached.balancer.is_shared:
        lost.append("the paths of other services on the same host")
    gone = f"; it has no place for what stands here today: {', '.join(lost)}" if lost else ""
    client = (
        " Today IAP has an OAuth client of its own; on the service Google's own serves users of the organisation alone."
        if policy.oauth_client
        else ""
    )
    audience = direct_audience(build.context, build.run.name)
    return [
        "## Another way in: IAP directly on the service",
        "",
        f"- Price: IAP itself costs the same. {_price()}",
        f"- What changes: users come to the service's own address, or by a domain mapping (not in every region){gone}. "
        f"The audience in the signed header is `{audience}`, known before the first deployment.{client}",
        "- What is simpler: no certificate, address, URL map or DNS record of the load balancer; every way in is "
        "guarded, the run.app address too.",
        '- To choose it: `[project] iap = "direct"` in k2cr.toml, and render again.',
        "",
    ]


def _price() -> str:
    book = PriceBook.embedded()
    rules, data = book.price(_RULES, GLOBAL), book.price(_DATA, _DATA_REGION)
    if rules is None or data is None:
        return "What the load balancer costs is not in the price book."
    month = rules.rate * HOURS_PER_MONTH
    return (
        f"Without the load balancer {month:.2f} {rules.currency} a month less (its first five forwarding rules "
        f"together, {rules.rate} an hour; nothing less where other rules stay) and {data.rate} {data.currency} a GiB "
        "of traffic."
    )
