"""Whatever is asked for and measured, what comes out is what Cloud Run takes; and the checker can say no."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k2cr_analysis.config import Config, Objectives, Policy
from k2cr_analysis.model.cloud_run import ContainerShape, ServiceShape
from k2cr_analysis.sizing import legal
from tests.sizing.workloads import container, deployment, measured, sized, traffic, usage

GOOD = ServiceShape("service", {"app": ContainerShape(Decimal(1), 2**29)}, 80, 0, 10, "request", "gen2")


def with_app(cores, memory_mib, **more):
    return replace(GOOD, containers={"app": ContainerShape(Decimal(cores), memory_mib * 2**20)}, **more)


def with_two(first, second):
    one, two = (ContainerShape(Decimal(cores), 2**29) for cores in (first, second))
    return replace(GOOD, containers={"app": one, "agent": two})


ILLEGAL = {
    "three vCPUs": with_app("3", 1024),
    "a fraction above one": with_app("1.5", 1024),
    "less than the smallest fraction": with_app("0.05", 512, concurrency=1, execution_environment="gen1"),
    "five GiB with one vCPU": with_app("1", 5 * 1024),
    "one GiB with four vCPUs": with_app("4", 1024),
    "nine vCPUs in all": with_two("8", "1"),
    "gen2 below 512 MiB": with_app("1", 256),
    "gen2 below one vCPU": with_app("0.5", 512, concurrency=1),
    "concurrency below one vCPU": with_app("0.5", 512, execution_environment="gen1"),
    "instance-based below one vCPU": with_app(
        "0.5", 512, concurrency=1, execution_environment="gen1", billing="instance"
    ),
    "one GiB below half a vCPU": with_app("0.4", 1024, concurrency=1, execution_environment="gen1"),
    "two fractions that make one": with_two("0.5", "0.5"),
    "too much concurrency": replace(GOOD, concurrency=1001),
    "more at least than at most": replace(GOOD, min_instances=11),
    "none at most": replace(GOOD, max_instances=0),
    "a job with concurrency": replace(GOOD, target="job"),
    "a service without": replace(GOOD, concurrency=None),
    "a job in gen1": replace(GOOD, target="job", concurrency=None, billing=None, execution_environment="gen1"),
    "eleven containers": replace(
        GOOD, containers={f"c{i}": ContainerShape(Decimal("0.1"), 2**27) for i in range(10)} | GOOD.containers
    ),
    "an accelerator with too little beside it": replace(GOOD, gpu="nvidia-l4"),
    "an accelerator that Cloud Run lacks": replace(GOOD, gpu="nvidia-tesla-t4"),
    "a part of a Mi": replace(GOOD, containers={"app": ContainerShape(Decimal(1), 2**29 + 1)}),
}
LEGAL = {
    "the usual": GOOD,
    "a fraction beside a whole one": with_two("1", "0.5"),
    "a small one under its rules": with_app("0.08", 128, concurrency=1, execution_environment="gen1"),
    "the largest": with_app("8", 32 * 1024),
    "gen1 with little memory": with_app("1", 128, execution_environment="gen1"),
    "instance-based": replace(GOOD, billing="instance"),
    "five vCPUs in all count as four": replace(
        GOOD, containers={"a": ContainerShape(Decimal(4), 15 * 2**30), "b": ContainerShape(Decimal(1), 2**30)}
    ),
}


@pytest.mark.parametrize("shape", ILLEGAL.values(), ids=ILLEGAL)
def test_the_checker_refuses(shape):
    assert legal(shape)


@pytest.mark.parametrize("shape", LEGAL.values(), ids=LEGAL)
def test_the_checker_takes(shape):
    assert legal(shape) == []


cpu = st.one_of(st.none(), st.integers(1, 12000).map(lambda m: f"{m}m"))
memory = st.one_of(st.none(), st.integers(1, 40000).map(lambda m: f"{m}Mi"))
use = st.one_of(st.none(), st.builds(measured, st.floats(0, 12), st.floats(0, 40000), st.integers(0, 3)))
counts = st.one_of(
    st.none(), st.builds(traffic, st.lists(st.integers(0, 10**7), min_size=1, max_size=9), st.floats(0.1, 1e5))
)


@settings(max_examples=150, deadline=None)
@given(
    asked=st.lists(st.tuples(cpu, memory, use), min_size=1, max_size=10),
    target=st.sampled_from(["service", "worker-pool", "job"]),
    replicas=st.integers(0, 500),
    requests=counts,
    policy=st.builds(Policy, min_instances=st.none() | st.integers(0, 9), max_instances=st.none() | st.integers(1, 9)),
    headroom=st.floats(0, 0.99),
)
def test_every_recommendation_is_legal(asked, target, replicas, requests, policy, headroom):
    names = [f"c{i}" for i in range(len(asked))]
    workload = deployment(*(container(n, c, m) for n, (c, m, _) in zip(names, asked, strict=True)), replicas=replicas)
    seen = {n: u for n, (_, _, u) in zip(names, asked, strict=True) if u is not None}
    config = Config(policy=policy, objectives=Objectives(headroom=headroom))
    result = sized(workload, target=target, use=usage(**seen) if seen else None, requests=requests, config=config)
    if result.shape is None:
        assert {f.rule for f in result.findings} & {"memory-above-one-instance"}
    else:
        assert legal(result.shape) == []
        assert list(result.shape.containers) == names
