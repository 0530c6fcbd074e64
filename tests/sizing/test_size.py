"""The recommended configuration, case by case."""

from decimal import Decimal

import pytest

from k2cr_analysis.config import Config, Objectives, Policy
from k2cr_analysis.model.cloud_run import cpu_text, memory_text
from k2cr_analysis.sizing import legal
from k2cr_analysis.sizing.instance_counts import scaling
from tests.model.manifests import cluster_of
from tests.sizing.workloads import as_text, container, deployment, measured, sized, traffic, usage

ASKED = {
    "requests, rounded up to a whole vCPU for the ingress": ([container("app", "250m", "300Mi")], {"app": "1 512Mi"}),
    "a sidecar keeps its fraction": (
        [container("proxy", "200m", "128Mi"), container("app", "333m", "500Mi")],
        {"proxy": "200m 128Mi", "app": "1 512Mi"},
    ),
    "the smallest fraction is 0.08": (
        [container("app", "1", "512Mi"), container("agent", "5m", "16Mi")],
        {"app": "1 512Mi", "agent": "80m 128Mi"},
    ),
    "three vCPUs do not exist": ([container("app", "3", "1Gi")], {"app": "4 2Gi"}),
    "four vCPUs have at least 2 GiB": ([container("app", "4", "512Mi")], {"app": "4 2Gi"}),
    "five GiB need two vCPUs": ([container("app", "1", "5Gi")], {"app": "2 5Gi"}),
    "twenty GiB need six vCPUs": ([container("app", "1", "20Gi")], {"app": "6 20Gi"}),
    "memory above 24 GiB beside a sidecar makes eight exactly": (
        [container("app", "1", "28Gi"), container("agent", "100m", "128Mi")],
        {"app": "6 28Gi", "agent": "2 128Mi"},
    ),
    "memory limits are what it lived under": ([container("app", "1", "256Mi", {"memory": "1Gi"})], {"app": "1 1Gi"}),
    "limits alone": ([container("app", limits={"cpu": "2", "memory": "1Gi"})], {"app": "2 1Gi"}),
    "half a vCPU of a limit above the request": (
        [container("app", "20m", "64Mi", {"cpu": "4"}), container("envoy", "10m", "64Mi", {"cpu": "2"})],
        {"app": "1 384Mi", "envoy": "500m 128Mi"},
    ),
    "a small limit in full": (
        [container("app", "1", "512Mi"), container("proxy", "100m", "64Mi", {"cpu": "200m"})],
        {"app": "1 512Mi", "proxy": "200m 128Mi"},
    ),
    "a proxy that asks for nothing comes after the application": (
        [container("app", "200m", "256Mi"), container("cloud-sql-proxy")],
        {"app": "1 256Mi", "cloud-sql-proxy": "250m 512Mi"},
    ),
    "one of no known kind that asks for nothing comes after it too": (
        [container("app", "200m", "256Mi"), container("other")],
        {"app": "1 256Mi", "other": "500m 512Mi"},
    ),
    "nothing said": ([container("app")], {"app": "1 512Mi"}),
    "half a number is a whole number of Mi": ([container("app", "1", "700M")], {"app": "1 704Mi"}),
}


@pytest.mark.parametrize(("containers", "expected"), ASKED.values(), ids=ASKED)
def test_from_requests_and_limits(containers, expected):
    result = sized(deployment(*containers))
    assert as_text(result) == expected
    assert legal(result.shape) == []
    assert "no-usage-data" in {f.rule for f in result.findings}


OF_POD = {
    "all of it to containers that ask for nothing": (
        [container("app"), container("side")], {"app": "1 4Gi", "side": "1 4Gi"},
    ),
    "what one leaves to the other": (
        [container("app"), container("side", "500m", "1Gi")], {"app": "2 7Gi", "side": "500m 1Gi"},
    ),
    "to the first where each asks": (
        [container("app", "500m", "1Gi"), container("side", "500m", "1Gi")], {"app": "2 7Gi", "side": "500m 1Gi"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("containers", "expected"), OF_POD.values(), ids=OF_POD)
def test_resources_of_the_pod_are_shared_out(containers, expected):
    result = sized(deployment(*containers, pod={"resources": {"requests": {"cpu": "2", "memory": "8Gi"}}}))
    assert as_text(result) == expected
    assert "no-resources-given" not in {f.rule for f in result.findings}


def test_that_a_fraction_is_a_ceiling_is_said_where_the_pod_may_use_more():
    bursts = sized(deployment(container("app", "1", "1Gi"), container("envoy", "10m", "64Mi", {"cpu": "2"})))
    (said,) = (f for f in bursts.findings if f.rule == "cpu-is-a-ceiling")
    assert (said.severity, "500m CPU is its ceiling" in said.message, "a limit of 2" in said.message) == (
        "note",
        True,
        True,
    )
    held = sized(deployment(container("app", "1", "1Gi"), container("envoy", "100m", "64Mi", {"cpu": "100m"})))
    assert "cpu-is-a-ceiling" not in {f.rule for f in held.findings}


def test_from_usage_with_headroom():
    result = sized(deployment(container("app", "4", "8Gi")), use=usage(app=measured(0.9, 900)))
    assert as_text(result) == {"app": "2 1152Mi"}  # 0.9 / 0.8 = 1.125 cores, 900 / 0.8 = 1125 MiB
    assert result.basis == "usage" and not result.findings


def test_headroom_is_the_workloads_own():
    config = Config(objectives=Objectives(headroom=0.0))
    assert as_text(sized(deployment(container("app")), use=usage(app=measured(0.9, 900)), config=config)) == {
        "app": "1 960Mi"
    }


def test_a_container_without_usage_falls_back_alone():
    workload = deployment(container("app", "2", "1Gi"), container("agent", "100m", "64Mi"))
    result = sized(workload, use=usage(app=measured(0.5, 400)))
    assert as_text(result) == {"app": "1 512Mi", "agent": "100m 128Mi"}
    assert result.basis == "usage, requests and limits"
    assert "agent" in next(f.message for f in result.findings if f.rule == "no-usage-data")


def test_the_busiest_container_gets_the_whole_vcpu():
    workload = deployment(container("proxy", "50m", "64Mi"), container("app", "100m", "128Mi"))
    assert as_text(sized(workload, ingress="proxy")) == {"proxy": "80m 128Mi", "app": "1 384Mi"}


def test_of_equals_the_ingress_container_gets_the_whole_vcpu():
    workload = deployment(container("app", "100m", "128Mi"), container("proxy", "100m", "64Mi"))
    assert as_text(sized(workload, ingress="proxy")) == {"app": "100m 128Mi", "proxy": "1 384Mi"}


def test_restarts_at_the_limit_raise_memory():
    workload = deployment(container("app", "1", "512Mi", {"memory": "512Mi"}))
    raised = sized(workload, use=usage(app=measured(0.1, 500, restarts=4)))
    assert as_text(raised) == {"app": "1 768Mi"}
    assert [f.rule for f in raised.findings] == ["memory-raised-after-oom"]
    assert not sized(workload, use=usage(app=measured(0.1, 300, restarts=4))).findings


def test_an_empty_dir_is_memory_and_counted_once():
    mounts = [{"name": "cache", "mountPath": "/cache"}]
    containers = [
        container("app", "1", "512Mi", volumeMounts=mounts),
        container("b", "100m", "128Mi", volumeMounts=mounts),
    ]
    pod = {"volumes": [{"name": "cache", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}]}
    assert as_text(sized(deployment(*containers, pod=pod))) == {"app": "1 1536Mi", "b": "100m 128Mi"}


@pytest.mark.parametrize(
    ("source", "memory", "disk_gib"),
    [
        ({"sizeLimit": "10Gi"}, "512Mi", 10),
        ({"sizeLimit": "2Gi"}, "512Mi", 10),
        ({"sizeLimit": "20500Mi"}, "512Mi", 21),
        ({"sizeLimit": "256Mi"}, "768Mi", 0),
        ({}, "512Mi", 0),
        ({"medium": "Memory", "sizeLimit": "2Gi"}, "2560Mi", 0),
    ],
    ids=["the least disk", "less than the least", "whole Gi", "small: memory", "no size", "memory asked for"],
)
def test_stated_scratch_is_a_disk_and_no_memory(source, memory, disk_gib):
    mounts = [{"name": "scratch", "mountPath": "/s"}]
    result = sized(
        deployment(
            container("app", "1", "512Mi", volumeMounts=mounts),
            pod={"volumes": [{"name": "scratch", "emptyDir": source}]},
        )
    )
    assert as_text(result) == {"app": f"1 {memory}"}
    assert result.shape.disk_bytes == disk_gib * 2**30 and result.shape.execution_environment == "gen2"


def test_memory_asked_for_beyond_any_instance_is_said_not_sized():
    mounts = [{"name": "scratch", "mountPath": "/s"}]
    pod = {"volumes": [{"name": "scratch", "emptyDir": {"medium": "Memory", "sizeLimit": "100Gi"}}]}
    result = sized(deployment(container("app", "1", "512Mi", volumeMounts=mounts), pod=pod))
    assert as_text(result) == {"app": "1 512Mi"}
    assert "scratch-larger-than-memory" in {f.rule for f in result.findings}


def test_more_cpu_than_an_instance_has_is_shared_out_and_said():
    workload = deployment(container("app", "4500m", "1Gi"), container("worker", "2500m", "1Gi"))
    result = sized(workload)
    assert as_text(result) == {"app": "4 3Gi", "worker": "4 1Gi"}  # the worst off gets 89 % of its need
    assert "cpu-above-one-instance" in {f.rule for f in result.findings}
    assert legal(result.shape) == []


def test_more_memory_than_an_instance_has_is_no_shape():
    result = sized(deployment(container("app", "1", "40Gi")))
    assert result.shape is None and "memory-above-one-instance" in {f.rule for f in result.findings}


def test_a_limit_above_every_instance_gives_way_to_the_request():
    assert as_text(sized(deployment(container("app", "1", "2Gi", {"memory": "64Gi"})))) == {"app": "1 2Gi"}


def test_a_gpu_brings_its_own_minimum():
    pod = {"nodeSelector": {"cloud.google.com/gke-accelerator": "nvidia-l4"}}
    workload = deployment(container("app", "1", "1Gi", {"nvidia.com/gpu": "1"}), pod=pod)
    result = sized(workload)
    assert as_text(result) == {"app": "4 16Gi"} and result.shape.gpu == "nvidia-l4"
    assert legal(result.shape) == []


def _wishes(kind: str, how: str) -> dict:
    """A pod that names its GPU's kind by required or preferred node affinity."""
    named = {"key": "cloud.google.com/gke-accelerator", "operator": "In", "values": [kind]}
    term = {"matchExpressions": [named]}
    required = {"nodeSelectorTerms": [term]}
    rules = required if how.startswith("required") else [{"weight": 1, "preference": term}]
    return {"affinity": {"nodeAffinity": {f"{how}DuringSchedulingIgnoredDuringExecution": rules}}}


@pytest.mark.parametrize(
    ("pod", "gpu"),
    [
        ({}, "nvidia-l4"),  # nobody says: the smallest
        (_wishes("nvidia-rtx-pro-6000", "preferred"), "nvidia-rtx-pro-6000"),
        (_wishes("nvidia-tesla-t4", "preferred"), "nvidia-l4"),  # a wish that Cloud Run cannot grant
        (_wishes("nvidia-rtx-pro-6000", "required"), "nvidia-rtx-pro-6000"),
        (_wishes("nvidia-tesla-t4", "required"), None),
    ],
)
def test_which_gpu_it_gets(pod, gpu):
    """What is required, else what is preferred, else the smallest; where it is assumed, the finding says so."""
    workload = deployment(container("app", "1", "1Gi", {"nvidia.com/gpu": "1"}), pod=pod)
    result = sized(workload)
    assert (result.shape.gpu if result.shape else None) == gpu


def test_a_sandboxed_pod_stays_in_the_sandbox():
    assert sized(deployment(container("app"), pod={"runtimeClassName": "gvisor"})).shape.execution_environment == "gen1"
    assert sized(deployment(container("app"))).shape.execution_environment == "gen2"


def test_jobs_and_worker_pools_have_no_concurrency_and_no_billing_mode():
    for target in ("job", "worker-pool"):
        shape = sized(deployment(container("app", "100m", "64Mi"), replicas=3), target=target).shape
        assert (shape.concurrency, shape.billing, shape.execution_environment) == (None, None, "gen2")
        assert legal(shape) == []


def test_nothing_moves_nothing_is_sized():
    assert sized(deployment(container("app")), target="none").shape is None


INSTANCES = {
    "an autoscaler's minimum is not carried, its maximum is": (
        {"autoscaler": {"minReplicas": 3, "maxReplicas": 12}},
        {},
        (0, 12),
    ),
    "replicas are doubled for room": ({"replicas": 4}, {}, (0, 8)),
    "one replica gets three": ({"replicas": 1}, {}, (0, 3)),
    "one at a time stays one": ({"replicas": 1, "spec": {"strategy": {"type": "Recreate"}}}, {}, (0, 1)),
    "a worker pool keeps what ran": ({"replicas": 4}, {"target": "worker-pool"}, (4, 4)),
    "policy bounds both": (
        {"replicas": 9},
        {"config": Config(policy=Policy(min_instances=1, max_instances=5))},
        (1, 5),
    ),
    "an objective that nothing shows to hold keeps one warm": (
        {"replicas": 2},
        {"config": Config(objectives=Objectives(cold_start_ratio=0.01))},
        (1, 4),
    ),
    "steady traffic needs none warm": (
        {"replicas": 2},
        {"config": Config(objectives=Objectives(cold_start_ratio=0.01)), "requests": traffic([60] * 1440)},
        (0, 4),
    ),
    "rare requests need one warm": (
        {"replicas": 2},
        {"config": Config(objectives=Objectives(cold_start_ratio=0.01)), "requests": traffic(([1] + [0] * 59) * 24)},
        (1, 4),
    ),
}


@pytest.mark.parametrize(("made", "given", "expected"), INSTANCES.values(), ids=INSTANCES)
def test_instances(made, given, expected):
    shape = sized(deployment(container("app"), **made), **given).shape
    assert (shape.min_instances, shape.max_instances) == expected


def test_a_minimum_that_is_not_carried_is_said():
    result = sized(deployment(container("app"), autoscaler={"minReplicas": 3, "maxReplicas": 12}))
    assert "minimum-not-carried" in {f.rule for f in result.findings}


BUSY = traffic([6000] * 1440, latency_ms=100.0)  # 100 requests a second, 10 at once
CONCURRENCY = {
    "no data: the default": (None, None, 80),
    "assumed traffic is no measurement": (traffic([6000], source="assumed"), usage(app=measured(0.5, 100)), 80),
    # one pod: 0.5 core at 100/s is 5 ms of CPU; 20 requests of 100 ms fill 1 vCPU, 40 take twice as long
    "CPU of a request": (BUSY, usage(app=measured(0.5, 100)), 40),
    # 0.001 core a request would make 1000 and more
    "never above the limit": (traffic([600000] * 10, latency_ms=5000.0), usage(app=measured(0.06, 100)), 1000),
    "an idle pod says nothing": (traffic([1] * 1440), usage(app=measured(0.004, 100)), 80),
    # 79 ms of CPU in a request of 10 ms: it works on 8 vCPUs at once, so two slow each other to twice the time
    "requests that fill several CPUs": (traffic([6000] * 10, latency_ms=10.0), usage(app=measured(7.9, 100)), 2),
    # 8 ms of CPU in a request of 2 ms: 4 by CPU, but one pod (of 40 cores) carried 100/s x 2 ms / 0.02 pods = 10
    "what a pod was seen to carry": (
        traffic([6000] * 10, latency_ms=2.0),
        usage(app=measured(40.0, 100), mean_pods=0.02, max_pods=1),
        10,
    ),
}


@pytest.mark.parametrize(("requests", "use", "expected"), CONCURRENCY.values(), ids=CONCURRENCY)
def test_concurrency(requests, use, expected):
    assert sized(deployment(container("app", "1", "128Mi")), use=use, requests=requests).shape.concurrency == expected


def test_the_default_concurrency_is_said():
    assert any("concurrency 80" in text for text in sized(deployment(container("app"))).assumptions)


@pytest.mark.parametrize(
    ("cores", "text"), [("1", "1"), ("0.5", "500m"), ("0.08", "80m"), ("2.00", "2"), ("1.5", "1500m")]
)
def test_cpu_is_written_as_cloud_run_reads_it(cores, text):
    assert cpu_text(Decimal(cores)) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(2**29, "512Mi"), (2**31, "2Gi"), (640 * 2**20, "640Mi"), (1000, "1Ki")]
)
def test_memory_is_written_as_cloud_run_reads_it(size_bytes, text):
    assert memory_text(size_bytes) == text


def test_the_size_that_nobody_stated_is_said_as_it_is_written():
    result = sized(deployment(container("app", "1", "1Gi"), container("side")))
    (said,) = [f.message for f in result.findings if f.rule == "no-resources-given"]
    written = dict(part.split(" ", 1) for part in [f"side {as_text(result)['side']}"])
    cpu, memory = written["side"].split()
    assert said.startswith(f"side ({cpu} CPU, {memory}): ")


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ({"min-scale": "2", "max-scale": "9"}, (2, 9)),
        ({"minScale": "1"}, (1, 3)),
        ({"maxScale": "0"}, (0, 3)),
        ({"maxScale": "1"}, (0, 1)),
        ({"min-scale": "many"}, (0, 3)),
    ],
)
def test_a_knative_service_keeps_the_instances_that_it_declares(notes, expected):
    annotations = ", ".join(f'autoscaling.knative.dev/{k}: "{v}"' for k, v in notes.items())
    manifest = f"""
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {{name: web, namespace: shop}}
spec:
  template:
    metadata: {{annotations: {{{annotations}}}}}
    spec: {{containers: [{{name: web, image: "a:1"}}]}}
"""
    (made,) = cluster_of(manifest).workloads
    assert scaling(made, "service", None, None, Config())[:2] == expected
