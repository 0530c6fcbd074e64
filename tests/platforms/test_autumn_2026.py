"""What changed on Cloud Run and GKE until autumn 2026, row by row: in the facts, in the pages, and in what is written.

The behaviour of each has tests of its own; here a row that is lost, or taken back, is seen.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.openapi.refusals import REFUSALS
from k2cr_analysis.platforms.cloud_run import gcloud_flags, gpu, probes, reserved, scaling, volumes
from k2cr_analysis.platforms.cloud_run import limits as cloud_run
from k2cr_analysis.platforms.images import is_pulled_directly

RULES = Path(__file__).parents[2] / "docs" / "rules"
BOOK = PriceBook.embedded()


def page(rule: str) -> str:
    return (RULES / f"{rule}.md").read_text(encoding="utf-8")


def rate(meter: str, region: str) -> Decimal:
    found = BOOK.price(meter, region)
    assert found is not None, meter
    return found.rate


PAGES = {
    "readiness probes are carried by HTTP and gRPC": ("tcp-readiness-probe", "a readiness probe is HTTP or gRPC"),
    "a command as probe has a way out": ("exec-probe", "It runs no commands"),
    "a start is allowed what kills on Kubernetes": ("startup-probe-changed", "A readiness probe kills nothing there"),
    "scratch disks exist": ("scratch-as-ephemeral-disk", "at least 10Gi"),
    "scratch without a size asks": ("scratch-on-disk", "State `emptyDir.sizeLimit`"),
    "the writable layer is memory": ("ephemeral-storage-in-memory", "an ephemeral disk is mounted at a path"),
    "worker pools scale by CPU": ("worker-pool-scaled-by-hand", "at 60 % and from 1 to 100 instances"),
    "private TCP by worker pools": ("raw-tcp-server", "a worker pool with Direct VPC ingress takes private TCP"),
    "peers of a worker pool": ("headless-peer-discovery", "worker pool with Direct VPC ingress"),
    "identity in a worker pool": ("stateful-set-identity", "worker pool with Direct VPC ingress"),
    "RTX PRO 6000 is offered": ("accelerator-not-offered", "RTX PRO 6000"),
    "a shared GPU becomes a whole one": ("shared-accelerator", "a whole GPU of its own"),
    "GPU tasks end after an hour": ("gpu-task-over-hour", "at most an hour"),
    "public images of ghcr.io are pulled directly": ("image-through-remote-repository", "ghcr.io"),
    "long tasks may lose connections": ("task-over-hour", "SIGTSTP"),
    "jobs that can wait": ("job-can-wait", "within 12 hours"),
    "Cloud Run instances for what runs once": ("one-at-a-time", "does not recommend it"),
    "nobody scrapes": ("metrics-not-scraped", "OTLP"),
}


@pytest.mark.parametrize(("rule", "words"), PAGES.values(), ids=PAGES)
def test_the_rules_page_says_it(rule: str, words: str) -> None:
    assert words in " ".join(page(rule).split())


def test_no_page_calls_what_is_general_availability_a_preview_or_beta() -> None:
    old = (
        "worker pools are in Preview",
        "worker pools (Preview",
        "launch-stage: BETA",
        "readiness probes are in Preview",
    )
    assert [(p.name, w) for p in RULES.glob("*.md") for w in old if w.lower() in p.read_text().lower()] == []


def test_probes_of_each_kind() -> None:
    assert (probes.READINESS_ACTIONS, probes.MAX_READINESS_PERIOD_S) == (("httpGet", "grpc"), 300)
    assert probes.READINESS_DEFAULT_SUCCESSES == 2 != probes.KUBERNETES_DEFAULT_SUCCESSES
    assert probes.LIVENESS_ACTIONS == ("httpGet", "grpc")
    assert "tcpSocket" in probes.STARTUP_ACTIONS


def test_flags_with_their_versions() -> None:
    since = {
        "--readiness-probe": 573,
        "--workdir": 575,
        "--add-volume type=ephemeral-disk": 587,
        "--scaling-cpu-target": 587,
        "--scaling-concurrency-target": 587,
    }
    assert {flag: gcloud_flags.FLAGS[flag] for flag in since} == since
    assert 556 < gcloud_flags.FLAGS["worker-pools"] <= 570


def test_scaling_targets_and_worker_pools() -> None:
    assert (scaling.MIN_TARGET, scaling.MAX_CPU_TARGET, scaling.MAX_CONCURRENCY_TARGET) == (0.10, 0.90, 0.95)
    assert scaling.POOL_AUTOSCALED_INSTANCES == (1, 100)
    assert scaling.POOL_DEFAULT_INSTANCES == 1


def test_disks_and_gpus() -> None:
    assert (volumes.MEDIUM_DISK, volumes.MIN_DISK_BYTES, volumes.MAX_DISKS) == ("Disk", 10 * 2**30, 10)
    large = gpu.GPUS["nvidia-rtx-pro-6000"]
    assert (large.min_cores, large.max_cores) == (20, 44)
    assert (large.min_memory_bytes, large.max_memory_bytes) == (80 * 2**30, 176 * 2**30)
    assert gpu.MAX_GPU_TASK_TIMEOUT_S == 3600


def test_prices() -> None:
    assert rate("run.gpu.nvidia-rtx-pro-6000", "us-central1") == Decimal("0.00036522")
    # A tier's price is no price of a region where nobody read that the GPU is offered.
    offered = ("europe-west1", "europe-west4", "us-central1", "us-east4")
    assert {rate("run.gpu.nvidia-l4", region) for region in offered} == {Decimal("0.0001867")}
    assert not any(
        BOOK.price("run.gpu.nvidia-l4", region) for region in ("asia-northeast1", "europe-north1", "us-west1")
    )
    assert (rate("run.job.delayed.cpu", "us-central1"), rate("run.job.delayed.memory", "us-central1")) == (
        Decimal("0.0000126"),
        Decimal("0.0000014"),
    )
    # All of Tier 2 by the ratio that was read for two of its regions.
    assert rate("run.worker-pool.cpu", "asia-northeast3") == rate("run.worker-pool.cpu", "europe-west2")
    assert rate("run.worker-pool.cpu", "europe-west2") == Decimal("0.000013493")
    assert BOOK.price("run.disk", "us-central1") is None  # nobody could confirm it


def test_what_is_reserved_and_refused() -> None:
    assert reserved.reserved_url("/healthz")
    assert reserved.reserved_url("/_ah/warmup")
    assert reserved.reserved_url("/eventlog")
    assert not reserved.reserved_url("/health")
    assert reserved.unreachable("192.168.1.77")
    assert not reserved.unreachable("192.168.2.1")
    assert {"secret-by-sub-path", "gpu", "generation", "image-reference", "reserved-variable"} <= set(REFUSALS)
    assert cloud_run.MAX_HTTP1_BODY_BYTES == 32 * 2**20


def test_registries() -> None:
    assert is_pulled_directly("ghcr.io")
    assert not is_pulled_directly("quay.io")
