"""Network hops that a request makes before and after the move.

Google publishes next to no figures for these. A hop without a confirmed figure has None, and a sentence that says so:
it is left out of the predicted latency, which is then that of the service itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from k2cr_analysis.model.hop import IN_CLUSTER, Hop
from k2cr_analysis.platforms.cloud_run.limits import FIRST_CONNECTION

DIRECT_VPC_INTERNAL_LB = Hop("Direct VPC egress to an internal load balancer", None, None, "no published figure")
EXTERNAL_LB = Hop("external Application Load Balancer", None, None, "no published figure")
# docs.cloud.google.com/run/docs/configuring/vpc-direct-vpc
_FIRST_CALLS = (
    f"Direct VPC egress: a new instance may take {FIRST_CONNECTION} to set up its connections; not in the predicted "
    "latency; let a start-up probe wait for what the service calls"
)
# Definition of the protocols; docs.cloud.google.com/run/docs/triggering/grpc
_CONNECTIONS = (
    "new connections cost a round trip for TCP and one (TLS 1.3) or two (TLS 1.2) for TLS, to Google's front end: kept "
    "ones, as gRPC channels are, pay it once"
)
_STREAMS = "gRPC: each stream counts as one request for its whole life: it takes a place, and keeps its instance active"


@dataclass(frozen=True, slots=True)
class Network:
    """How a workload is reached and what it reaches.

    ``external``: through an external load balancer. ``calls_back``: it calls what stays on GKE. ``http2``: end to end.
    """

    external: bool = False
    calls_back: bool = False
    http2: bool = False


def hops_before(network: Network) -> tuple[Hop, ...]:
    """Of a request to the pod on GKE, and of a call that it makes in the cluster."""
    return (EXTERNAL_LB, IN_CLUSTER) if network.external else (IN_CLUSTER,)


def hops_after(network: Network) -> tuple[Hop, ...]:
    """Of a request to the Cloud Run service, and of its calls back to what stays on GKE."""
    reached = (EXTERNAL_LB,) if network.external else ()
    return (*reached, DIRECT_VPC_INTERNAL_LB) if network.calls_back else reached


def hop_assumptions(network: Network) -> tuple[str, ...]:
    """What is said beside a prediction: the hops that it leaves out, since nobody has published a figure."""
    new = [hop for hop in hops_after(network) if hop not in hops_before(network) and hop.high_ms is None]
    left_out = [
        f"{hop.name}: not in the predicted latency ({hop.source}); in its place today: {IN_CLUSTER.name}, "
        f"{IN_CLUSTER.low_ms:g} to {IN_CLUSTER.high_ms:g} ms ({IN_CLUSTER.source}); measure it on your own network"
        for hop in new
    ]
    said = (*left_out, _FIRST_CALLS) if DIRECT_VPC_INTERNAL_LB in new else tuple(left_out)
    return (*said, _CONNECTIONS, _STREAMS) if network.http2 else (*said, _CONNECTIONS)
