"""Network hops that a request makes before and after the move.

Google publishes next to no figures for these. A hop without a confirmed figure has None, and a sentence that says so:
it is left out of the predicted latency, which is then that of the service itself.
"""

from __future__ import annotations

from k2cr_analysis.model.hop import IN_CLUSTER, Hop

DIRECT_VPC_INTERNAL_LB = Hop("Direct VPC egress to an internal load balancer", None, None, "no published figure")
EXTERNAL_LB = Hop("external Application Load Balancer", None, None, "no published figure")
IAP = Hop("Identity-Aware Proxy", None, None, "no confirmed figure")


def hops_before(exposure_external: bool) -> tuple[Hop, ...]:
    """Of a request to the pod on GKE."""
    return (EXTERNAL_LB, IN_CLUSTER) if exposure_external else (IN_CLUSTER,)


def hops_after(exposure_external: bool) -> tuple[Hop, ...]:
    """Of a request to the Cloud Run service, and of its calls back to what stays on GKE."""
    return (EXTERNAL_LB, DIRECT_VPC_INTERNAL_LB) if exposure_external else (DIRECT_VPC_INTERNAL_LB,)


def hop_assumptions(exposure_external: bool) -> tuple[str, ...]:
    """What is said beside a prediction: the hops that it leaves out, since nobody has published a figure."""
    new = [hop for hop in hops_after(exposure_external) if hop not in hops_before(exposure_external)]
    return tuple(
        f"{hop.name}: not in the predicted latency ({hop.source}); measure it on your own network"
        for hop in new
        if hop.high_ms is None
    )
