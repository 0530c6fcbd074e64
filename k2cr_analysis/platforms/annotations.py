"""Names of Cloud Run's annotations, node selectors and labels in run.v1, and Knative's that it takes too."""

from __future__ import annotations

from typing import Annotated

from k2cr_analysis.platforms.source import Source

_V1 = Source("https://docs.cloud.google.com/run/docs/reference/rest/v1/namespaces.services", "2026-11-30")

RUN_PREFIX: Annotated[str, _V1] = "run.googleapis.com/"
KNATIVE_AUTOSCALING: Annotated[str, _V1] = "autoscaling.knative.dev/"
SERVING_API: Annotated[str, _V1] = "serving.knative.dev/v1"
RUN_API: Annotated[str, _V1] = "run.googleapis.com/v1"

INGRESS: Annotated[str, _V1] = f"{RUN_PREFIX}ingress"
LAUNCH_STAGE: Annotated[str, _V1] = f"{RUN_PREFIX}launch-stage"
IAP: Annotated[str, _V1] = f"{RUN_PREFIX}iap-enabled"
SERVICE_MIN_SCALE: Annotated[str, _V1] = f"{RUN_PREFIX}minScale"
MANUAL_INSTANCES: Annotated[str, _V1] = f"{RUN_PREFIX}manualInstanceCount"
SCALING_MODE: Annotated[str, _V1] = f"{RUN_PREFIX}scalingMode"
CPU_TARGET: Annotated[str, _V1] = f"{RUN_PREFIX}scaling-cpu-target"
CONCURRENCY_TARGET: Annotated[str, _V1] = f"{RUN_PREFIX}scaling-concurrency-target"
SESSION_AFFINITY: Annotated[str, _V1] = f"{RUN_PREFIX}sessionAffinity"
DEPENDENCIES: Annotated[str, _V1] = f"{RUN_PREFIX}container-dependencies"
INTERFACES: Annotated[str, _V1] = f"{RUN_PREFIX}network-interfaces"
ACCELERATOR: Annotated[str, _V1] = f"{RUN_PREFIX}accelerator"  # a node selector
MIN_SCALE: Annotated[str, _V1] = f"{KNATIVE_AUTOSCALING}minScale"
MAX_SCALE: Annotated[str, _V1] = f"{KNATIVE_AUTOSCALING}maxScale"
