"""A GPU in the files: one container owns it, billing is by instance, and redundancy is as it is priced."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import yaml

from k2cr_analysis.model.cloud_run import ContainerShape
from k2cr_analysis.model.workload import Resources
from k2cr_analysis.rendering import RenderContext, render_workload
from tests.rendering.factory import assessed, container, workload

CONTEXT = RenderContext(project="p", region="us-central1")
LEAST = {"nvidia-l4": ("4", "16Gi"), "nvidia-rtx-pro-6000": ("20", "80Gi")}
RUN = "run.googleapis.com/"


def files(kind: str, target: str = "service") -> tuple[Any, str]:
    cpu, memory = LEAST[kind]
    side = ContainerShape(Decimal("0.5"), 256 * 2**20)
    size = ContainerShape(Decimal(cpu), int(memory.removesuffix("Gi")) * 2**30 - side.memory_bytes)
    subject = workload(
        container("model", limits=Resources(extended={"nvidia.com/gpu": Decimal(1)})),
        container("proxy", at=1),
        pod_raw={"nodeSelector": {"cloud.google.com/gke-accelerator": kind}},
    )
    words: dict[str, Any] = {"concurrency": None, "billing": None} if target != "service" else {"billing": "instance"}
    made = assessed(subject, target=target, gpu=kind, containers={"model": size, "proxy": side}, **words)
    written = render_workload(made, CONTEXT)
    name = "service.yaml" if target == "service" else "worker-pool.yaml"
    return yaml.safe_load(written[name])["spec"]["template"], written["deploy.sh"]


@pytest.mark.parametrize("kind", LEAST)
def test_a_service_with_a_gpu(kind: str) -> None:
    template, script = files(kind)
    annotations, spec = template["metadata"]["annotations"], template["spec"]
    assert annotations[f"{RUN}cpu-throttling"] == "false"
    assert annotations[f"{RUN}gpu-zonal-redundancy-disabled"] == "true"
    assert spec["nodeSelector"] == {f"{RUN}accelerator": kind}
    assert [c["resources"]["limits"].get("nvidia.com/gpu") for c in spec["containers"]] == ["1", None]
    words = script.split()
    assert {"--gpu=1", f"--gpu-type={kind}", "--no-cpu-throttling", "--no-gpu-zonal-redundancy"} <= set(words)


def test_a_worker_pool_with_a_gpu_has_no_spare_in_another_zone_either() -> None:
    template, _ = files("nvidia-l4", "worker-pool")
    assert template["metadata"]["annotations"][f"{RUN}gpu-zonal-redundancy-disabled"] == "true"
