"""The effective request of a pod, by the formula of Kubernetes >= 1.29."""

from __future__ import annotations

from decimal import Decimal

import pytest
import yaml

from k2cr_analysis.model.parse.pod.spec import effective_requests

MIB = 2**20
CASES = {
    "containers are summed": (
        "containers: [{resources: {requests: {cpu: 100m, memory: 64Mi}}}, {resources: {requests: {cpu: '0.5', memory: 1Gi}}}]",
        "0.6",
        1088 * MIB,
    ),
    "a missing request is the limit": (
        "containers: [{resources: {limits: {cpu: '2', memory: 1Gi}, requests: {memory: 512Mi}}}]",
        "2",
        512 * MIB,
    ),
    "the largest init step counts, not their sum": (
        "initContainers: [{resources: {requests: {cpu: '2'}}}, {resources: {requests: {cpu: '3', memory: 1Mi}}}]\n"
        "containers: [{resources: {requests: {cpu: '1', memory: 10Mi}}}]",
        "3",
        10 * MIB,
    ),
    "a sidecar runs beside the containers": (
        "initContainers: [{restartPolicy: Always, resources: {requests: {cpu: 200m, memory: 32Mi}}}]\n"
        "containers: [{resources: {requests: {cpu: '1', memory: 64Mi}}}]",
        "1.2",
        96 * MIB,
    ),
    "a sidecar counts for the init steps after it, not before": (
        "initContainers:\n"
        "- {resources: {requests: {cpu: '5'}}}\n"
        "- {restartPolicy: Always, resources: {requests: {cpu: '1'}}}\n"
        "- {resources: {requests: {cpu: 4500m}}}\n"
        "containers: [{resources: {requests: {cpu: '1', memory: 1Mi}}}]",
        "5.5",
        MIB,
    ),
    "overhead is added": (
        "overhead: {cpu: 250m, memory: 120Mi}\ncontainers: [{resources: {requests: {cpu: '1', memory: 8Mi}}}]",
        "1.25",
        128 * MIB,
    ),
    "a request of the pod replaces the sum, for that resource": (
        "resources: {requests: {cpu: '1'}}\ncontainers: [{resources: {requests: {cpu: '3', memory: 8Mi}}}]",
        "1",
        8 * MIB,
    ),
    "a limit of the pod stands for a request that nobody made": (
        "resources: {limits: {cpu: '2', memory: 4Mi}}\ncontainers: [{resources: {requests: {cpu: '1'}}}, {}]",
        "1",
        4 * MIB,
    ),
}


@pytest.mark.parametrize(("spec", "cores", "memory"), CASES.values(), ids=CASES.keys())
def test_effective_request(spec: str, cores: str, memory: int):
    found = effective_requests(yaml.safe_load(spec))
    assert (found.cpu_cores, found.memory_bytes) == (Decimal(cores), memory)


def test_a_pod_that_requests_nothing_has_no_request():
    found = effective_requests({"containers": [{"name": "a"}]})
    assert (found.cpu_cores, found.memory_bytes) == (None, None)


def test_extended_resources_are_counted():
    found = effective_requests({"containers": [{"resources": {"limits": {"nvidia.com/gpu": 1}}}] * 2})
    assert found.extended == {"nvidia.com/gpu": Decimal(2)}
