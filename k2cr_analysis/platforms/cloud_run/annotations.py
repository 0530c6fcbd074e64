"""Names of Cloud Run's annotations, node selectors and labels in run.v1, and Knative's that it takes too."""

from __future__ import annotations

from typing import Annotated

from k2cr_analysis.platforms.source import Source

_V1 = Source(
    "https://docs.cloud.google.com/run/docs/reference/rest/v1/namespaces.services",
    "2025-06-20",
    "as gcloud 528 ships it",
)
_KNATIVE = Source("https://knative.dev/docs/serving/autoscaling/scale-bounds/", "2026-12-01", "knative/docs de125bfad")
_VISIBILITY = Source(
    "https://knative.dev/docs/serving/services/private-services/", "2026-12-01", "knative/docs de125bfad"
)
_CONTROLS = Source("https://docs.cloud.google.com/run/docs/configuring/scaling-controls", "2026-11-30")

RUN: Annotated[str, _V1] = "run.googleapis.com/"
_AUTOSCALING = "autoscaling.knative.dev/"
SERVING_GROUP: Annotated[str, _V1] = "serving.knative.dev"
RUN_GROUP: Annotated[str, _V1] = "run.googleapis.com"  # of annotations, and of v1's Jobs and WorkerPools
SERVING_API: Annotated[str, _V1] = f"{SERVING_GROUP}/v1"
RUN_API: Annotated[str, _V1] = f"{RUN}v1"

# Of the service, job or worker pool.
INGRESS: Annotated[str, _V1] = f"{RUN}ingress"
IAP: Annotated[str, _V1] = f"{RUN}iap-enabled"
SERVICE_MIN_SCALE: Annotated[str, _V1] = f"{RUN}minScale"
SERVICE_MAX_SCALE: Annotated[str, _V1] = f"{RUN}maxScale"
SCALING_MODE: Annotated[str, _V1] = f"{RUN}scalingMode"
MANUAL_INSTANCES: Annotated[str, _V1] = f"{RUN}manualInstanceCount"

# Of the revision.
MIN_SCALE: Annotated[str, _V1] = f"{_AUTOSCALING}minScale"
MAX_SCALE: Annotated[str, _V1] = f"{_AUTOSCALING}maxScale"
KNATIVE_MIN_SCALE: Annotated[str, _KNATIVE] = f"{_AUTOSCALING}min-scale"  # as newer Knative spells it
KNATIVE_MAX_SCALE: Annotated[str, _KNATIVE] = f"{_AUTOSCALING}max-scale"
CPU_THROTTLING: Annotated[str, _V1] = f"{RUN}cpu-throttling"
CPU_BOOST: Annotated[str, _V1] = f"{RUN}startup-cpu-boost"
EXECUTION_ENVIRONMENT: Annotated[str, _V1] = f"{RUN}execution-environment"
SESSION_AFFINITY: Annotated[str, _V1] = f"{RUN}sessionAffinity"
DEPENDENCIES: Annotated[str, _V1] = f"{RUN}container-dependencies"
INTERFACES: Annotated[str, _V1] = f"{RUN}network-interfaces"
EGRESS: Annotated[str, _V1] = f"{RUN}vpc-access-egress"
CPU_TARGET: Annotated[str, _CONTROLS] = f"{RUN}scaling-cpu-target"
CONCURRENCY_TARGET: Annotated[str, _CONTROLS] = f"{RUN}scaling-concurrency-target"
GPU_REDUNDANCY_OFF: Annotated[str, _V1] = f"{RUN}gpu-zonal-redundancy-disabled"
ACCELERATOR: Annotated[str, _V1] = f"{RUN}accelerator"  # a node selector

# Knative's own.
VISIBILITY: Annotated[str, _VISIBILITY] = "networking.knative.dev/visibility"
CREATORS: Annotated[tuple[str, ...], _V1] = (f"{SERVING_GROUP}/creator", f"{SERVING_GROUP}/lastModifier")
# What gcloud writes about itself, and what it invents at each run.
CLIENTS_OWN: Annotated[frozenset[str], _V1] = frozenset(
    {
        f"{RUN}client-name",
        f"{RUN}client-version",
        f"{RUN}operation-id",
        "client.knative.dev/nonce",
        "client.knative.dev/user-image",
    }
)
