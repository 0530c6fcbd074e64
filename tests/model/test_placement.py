"""Where a pod may run and which devices it asks for, whatever the words that it asks in."""

from __future__ import annotations

from decimal import Decimal

import pytest

from k2cr_analysis.model.workload import Pod
from tests.model.manifests import cluster_of

AFFINITY = "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: %s}}}"
CLASS = """
apiVersion: cloud.google.com/v1
kind: ComputeClass
metadata: {name: llm}
spec: {priorities: [{gpu: {type: nvidia-l4, count: 1}, spot: true}, {gpu: {type: nvidia-tesla-t4, count: 1}}]}
"""
NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {cloud.google.com/default-compute-class: llm}}
"""
ONE = "{key: cloud.google.com/gke-accelerator, operator: In, values: [%s]}"


def pod_of(spec: str, *others: str) -> Pod:
    lines = "\n".join(f"      {line}" for line in spec.splitlines())
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"
        f"spec:\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n{lines}\n"
        "      containers:\n      - {name: app, image: 'a:1', resources: {limits: {nvidia.com/gpu: 1}}}\n"
    )
    return cluster_of(text, *others).workloads[0].pod


@pytest.mark.parametrize(
    ("spec", "others", "kinds", "at"),
    [
        ("nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}", (), {"nvidia-l4"}, "nodeSelector"),
        (AFFINITY % f"[{{matchExpressions: [{ONE % 'nvidia-l4'}]}}]", (), {"nvidia-l4"}, "nodeAffinity"),
        (AFFINITY % f"[{{matchExpressions: [{ONE % 'a, b'}]}}, {{matchExpressions: [{ONE % 'c'}]}}]", (), set("abc"), "nodeAffinity"),
        (AFFINITY % f"[{{matchExpressions: [{ONE % 'a'}]}}, {{matchExpressions: [{{key: k, operator: Exists}}]}}]", (), set(), None),
        ("nodeSelector: {cloud.google.com/compute-class: llm}", (CLASS,), {"nvidia-l4", "nvidia-tesla-t4"}, "ComputeClass/llm"),
        ("nodeSelector: {disk: ssd}", (CLASS, NAMESPACE), {"nvidia-l4", "nvidia-tesla-t4"}, "ComputeClass/llm"),
        ("nodeSelector: {cloud.google.com/compute-class: other}", (CLASS, NAMESPACE), set(), None),
        ("nodeSelector: {}", (), set(), None),
    ],
    ids=["selector", "affinity", "alternatives", "a term that allows any", "class", "class of the namespace",
         "its own class goes before its namespace's", "nobody says"],
)  # fmt: skip
def test_one_gpu_whatever_the_words(spec: str, others: tuple[str, ...], kinds: set[str], at: str | None):
    gpu = pod_of(spec, *others).gpu
    assert gpu is not None
    assert (gpu.container, gpu.count, set(gpu.kinds)) == ("app", Decimal(1), kinds)
    assert gpu.path.endswith("containers[0].resources.limits['nvidia.com/gpu']")
    assert (at is None) == (gpu.kinds_at == ())
    assert (at or "") in "".join(gpu.kinds_at[:1])


def test_how_a_gpu_is_shared_is_the_gpus():
    gpu = pod_of("nodeSelector: {cloud.google.com/gke-gpu-sharing-strategy: mps}").gpu
    assert gpu is not None
    assert gpu.sharing == "mps"


def test_compute_class_says_where_it_comes_from():
    own = pod_of("nodeSelector: {cloud.google.com/compute-class: autopilot}").placement.compute_class
    given = pod_of("nodeSelector: {}", CLASS, NAMESPACE).placement.compute_class
    assert own is not None
    assert given is not None
    assert (own.name, own.rules) == ("autopilot", None)
    assert given.name == "llm"
    assert given.at.startswith("Namespace/shop ")
    assert given.rules is not None
    assert [r.spot for r in given.rules] == [True, None]


def test_anti_affinity_means_the_pods_own_namespace_where_it_names_none():
    term = "{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}%s}"
    text = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [%s]}}"
    own, anywhere = (
        pod_of(text % (term % more)).placement.anti_affinity[0] for more in ("", ", namespaceSelector: {}")
    )
    assert own.selects("shop", {"app": "web"})
    assert not own.selects("other", {"app": "web"})
    assert anywhere.selects("other", {"app": "web"})


def test_a_node_must_be_selected_and_its_taints_tolerated():
    placement = pod_of("nodeSelector: {pool: a}\ntolerations: [{key: gpu, operator: Exists}]").placement
    assert placement.takes_node({"pool": "a"}, [("gpu", "x", "NoSchedule"), ("soft", "", "PreferNoSchedule")])
    assert not placement.takes_node({"pool": "a"}, [("other", "x", "NoExecute")])
    assert not placement.takes_node({"pool": "b"}, [])


def test_resources_of_the_pod_stand_beside_those_of_its_containers():
    pod = pod_of("resources: {requests: {cpu: 2}, limits: {cpu: 3, memory: 4Gi}}")
    assert (pod.pod_requests.cpu_cores, pod.pod_limits.memory_bytes) == (Decimal(2), 4 * 2**30)
    assert pod.requests.cpu_cores == Decimal(2)
    assert pod.usable_cores == 3
