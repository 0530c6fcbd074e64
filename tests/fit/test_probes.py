"""Probes and start-up order as Cloud Run takes them."""

from __future__ import annotations

from typing import Any

import pytest

from k2cr_analysis.config.settings import Config, WorkloadSettings
from k2cr_analysis.fit.evidence.starting.budget import Allowance, share_budget
from k2cr_analysis.model.cloud_run import CloudRunProbe, StartupOrder
from k2cr_analysis.platforms.cloud_run.probes import MAX_STARTUP_S
from tests.fit.cluster import container, deployment, fit_of, service

HEALTH = {
    "httpGet": {"path": "/healthcheck", "port": 8080},
    "initialDelaySeconds": 10,
    "periodSeconds": 30,
    "timeoutSeconds": 10,
    "failureThreshold": 3,
}


def reference_case() -> list[dict]:
    """A proxy on 8080 that calls a frontend on localhost:9000; both with slow HTTP probes."""
    nine = {**HEALTH, "httpGet": {"path": "/healthcheck", "port": 9000}}
    return [
        deployment(
            container("frontend", ports=[{"containerPort": 9000}], readinessProbe=nine, livenessProbe=nine),
            container(
                "proxy",
                ports=[{"containerPort": 8080}],
                args=["--upstream=http://localhost:9000"],
                readinessProbe=HEALTH,
                livenessProbe=HEALTH,
            ),
        ),
        service(),
    ]


def test_the_container_behind_the_target_port_is_the_ingress_container() -> None:
    fit = fit_of(*reference_case())
    assert (fit.verdict, fit.target, fit.ingress_container, fit.ingress_port) == ("ready", "service", "proxy", 8080)
    assert fit.containers == ("proxy", "frontend")


def test_the_proxy_waits_for_what_it_calls() -> None:
    startup = fit_of(*reference_case()).startup
    assert dict(startup.depends_on) == {"proxy": ("frontend",)}
    assert startup.order == ("frontend", "proxy")
    assert "localhost:9000" in startup.evidence["proxy", "frontend"]


def test_a_start_up_probe_asks_every_second_for_the_same_total_time() -> None:
    probe = fit_of(*reference_case()).probes["proxy"].startup
    assert probe is not None
    assert (probe.kind, probe.port, probe.http_path) == ("http", 8080, "/healthcheck")
    assert (probe.initial_delay_s, probe.period_s, probe.timeout_s, probe.failure_threshold) == (0, 1, 1, 10 + 30 * 3)


def test_a_liveness_probe_stays_as_it_is() -> None:
    probe = fit_of(*reference_case()).probes["proxy"].liveness
    assert probe is not None
    assert (probe.initial_delay_s, probe.period_s, probe.timeout_s, probe.failure_threshold) == (10, 30, 10, 3)


def allowed(fit) -> dict[str, int]:
    return {name: p.startup.failure_threshold for name, p in fit.probes.items() if p.startup}


def chain(front: dict, back: dict, **more: Any):
    """A front on 8080 that calls a back on localhost:9000, with the probes given."""
    return fit_of(
        deployment(
            container("front", ports=[{"containerPort": 8080}], args=["--to=http://localhost:9000"], **front),
            {**container("back", ports=[{"containerPort": 9000}], **back), **more},
        ),
        service(),
    )


def get(**times: int) -> dict:
    return {"httpGet": {"path": "/", "port": 8080}, **times}


STARTUP_200 = {"startupProbe": get(periodSeconds=10, failureThreshold=20)}
LIVENESS_150 = {"livenessProbe": get(initialDelaySeconds=120)}
READINESS = {"readinessProbe": get(periodSeconds=2, failureThreshold=1)}
PROXY = {"image": "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.1"}


@pytest.mark.parametrize(
    ("front", "back", "more", "granted", "told"),
    [
        (READINESS, READINESS, {}, (120, 120), set()),
        (READINESS, {}, {}, (120, 120), set()),
        ({}, READINESS, {}, (120, 120), set()),
        (READINESS, {}, PROXY, (210, 30), set()),
        ({}, {}, PROXY, (210, 30), set()),
        (STARTUP_200, {}, PROXY, (200, 40), set()),
        (STARTUP_200, READINESS, {}, (200, 40), set()),
        (LIVENESS_150, READINESS, {}, (150, 90), set()),
        (LIVENESS_150, LIVENESS_150, {}, (120, 120), {"startup-time-shortened"}),
        (STARTUP_200, LIVENESS_150, {}, (200, 40), {"startup-time-shortened"}),
        (STARTUP_200, STARTUP_200, {}, (120, 120), {"startup-budget-exceeded"}),
        (READINESS, {"startupProbe": get(periodSeconds=3, failureThreshold=10)}, {}, (210, 30), set()),
        ({"startupProbe": get(failureThreshold=23)}, {}, PROXY, (230, 10), set()),
        ({"startupProbe": get(failureThreshold=24)}, {}, PROXY, (235, 5), {"startup-budget-exceeded"}),
        ({"startupProbe": get(failureThreshold=23)}, READINESS, {}, (230, 10), {"startup-budget-exceeded"}),
    ],
    ids=[
        "nobody's: alike", "nobody's, no probe behind", "nobody's, no probe in front", "a proxy needs seconds",
        "a proxy needs seconds, no probe at all", "declared before a proxy", "declared before nobody's",
        "liveness before nobody's", "two by liveness", "declared before liveness", "two declared",
        "a short one declared", "a proxy takes what is left", "but 5 s", "nobody's gets too little",
    ],
)  # fmt: skip
def test_along_a_chain_what_k2cr_chose_gives_way_first_and_what_was_declared_last(front, back, more, granted, told):
    fit = chain(front, back, **more)
    assert (allowed(fit)["front"], allowed(fit)["back"]) == granted
    assert {f.rule for f in fit.findings if f.rule.startswith("startup-") and f.rule != "startup-probe-changed"} == told


def test_many_containers_in_one_chain_share_what_there_is():
    order = StartupOrder(
        {f"c{i}": tuple(f"c{j}" for j in range(i)) for i in range(30)}, {}, tuple(f"c{i}" for i in range(30))
    )
    granted = share_budget({f"c{i}": Allowance(200, "startupProbe") for i in range(30)}, order)
    assert sum(granted.values()) <= MAX_STARTUP_S and min(granted.values()) >= 1


@pytest.mark.parametrize(
    ("probes", "seconds", "by"),
    [
        ({"startupProbe": get(periodSeconds=2, failureThreshold=30), "livenessProbe": get()}, 60, "startupProbe"),
        ({"readinessProbe": get(failureThreshold=1), "livenessProbe": get(initialDelaySeconds=180)}, 210, "livenessProbe"),
        ({"readinessProbe": get(), "livenessProbe": {"exec": {"command": ["x"]}, "initialDelaySeconds": 60}}, 90, "livenessProbe"),
        ({"readinessProbe": get(periodSeconds=2, failureThreshold=1)}, 240, "k2cr"),
        ({"readinessProbe": {"tcpSocket": {"port": 8080}}}, 240, "k2cr"),
        ({"readinessProbe": {"grpc": {"port": 8080}, "initialDelaySeconds": 5}}, 240, "k2cr"),
        ({"livenessProbe": get(failureThreshold=40)}, 240, "livenessProbe"),
        ({"startupProbe": {"exec": {"command": ["x"]}, "failureThreshold": 6}, "readinessProbe": get()}, 60, "startupProbe"),
    ],
    ids=["its own", "liveness", "liveness by a command", "neither", "TCP readiness", "gRPC readiness", "at most 240 s", "start-up by a command"],
)  # fmt: skip
def test_a_start_may_take_what_kills_on_kubernetes_and_never_a_readiness_probes_patience(probes, seconds, by):
    found = fit_of(deployment(container(ports=[{"containerPort": 8080}], **probes)), service()).probes["web"]
    assert (found.startup.period_s * found.startup.failure_threshold, found.startup_allowed_by) == (seconds, by)


def test_a_readiness_probe_of_a_service_is_carried_with_its_successes_written_out():
    probe = {
        "httpGet": {"path": "/ready", "port": 8080},
        "initialDelaySeconds": 7,
        "periodSeconds": 5,
        "failureThreshold": 2,
    }
    found = fit_of(deployment(container(ports=[{"containerPort": 8080}], readinessProbe=probe)), service()).probes[
        "web"
    ]
    assert found.readiness == CloudRunProbe("http", 8080, "/ready", (), None, 0, 5, 1, 2, 1)


@pytest.mark.parametrize(
    "probe",
    [
        {"tcpSocket": {"port": 8080}},
        {"exec": {"command": ["x"]}},
        {"httpGet": {"path": "/", "port": 8080, "scheme": "HTTPS"}},
        {"httpGet": {"path": "/", "port": 8080, "host": "example.org"}},
    ],
    ids=["TCP", "a command", "TLS", "another host"],
)
def test_a_readiness_probe_of_another_kind_is_not_carried_and_told(probe):
    fit = fit_of(deployment(container(ports=[{"containerPort": 8080}], readinessProbe=probe)), service())
    assert fit.probes["web"].readiness is None
    assert {f.rule for f in fit.findings} & {"tcp-readiness-probe", "exec-probe", "probe-over-tls"}


def test_a_worker_pool_has_no_readiness_probe_and_nothing_is_said_of_it():
    fit = fit_of(deployment(container(readinessProbe={"exec": {"command": ["x"]}})))
    assert fit.target == "worker-pool" and fit.probes["web"].readiness is None
    assert fit.verdict == "ready"


def test_a_container_that_others_wait_for_always_has_a_start_up_probe() -> None:
    fit = fit_of(
        deployment(
            container("proxy", ports=[{"containerPort": 8080}], env=[{"name": "UPSTREAM", "value": "127.0.0.1:9000"}]),
            container("app", ports=[{"containerPort": 9000}]),
        ),
        service(),
    )
    probe = fit.probes["app"].startup
    assert probe is not None
    assert (probe.kind, probe.port, fit.probes["app"].startup_made_from) == ("tcp", 9000, "port")
    # What waits and serves has one too, so that the times of the chain add up to 240 s and no more.
    assert fit.probes["proxy"].startup is not None and sum(allowed(fit).values()) <= MAX_STARTUP_S


def test_the_port_of_a_database_proxy_is_read_from_its_arguments() -> None:
    fit = fit_of(
        deployment(
            container(
                "web", ports=[{"containerPort": 8080}], env=[{"name": "DB", "value": "postgres://127.0.0.1:5432/shop"}]
            ),
            {
                "name": "sql",
                "image": "gcr.io/cloudsql-docker/gce-proxy:1.33",
                "command": ["/cloud_sql_proxy", "-instances=p:r:db=tcp:5432"],
            },
        ),
        service(),
    )
    assert dict(fit.startup.depends_on) == {"web": ("sql",)}
    probe = fit.probes["sql"].startup
    assert probe is not None
    assert (probe.kind, probe.port) == ("tcp", 5432)


def test_named_ports_become_numbers() -> None:
    named = container(
        ports=[{"name": "web", "containerPort": 8080}], livenessProbe={"httpGet": {"path": "/", "port": "web"}}
    )
    probe = fit_of(deployment(named), service()).probes["web"].liveness
    assert probe is not None
    assert probe.port == 8080


def test_a_native_sidecar_starts_first_unless_it_calls_the_application() -> None:
    side = {**container("side", ports=[{"containerPort": 9000}]), "restartPolicy": "Always"}
    first = fit_of(deployment(initContainers=[side]), service())
    assert dict(first.startup.depends_on) == {"web": ("side",)}
    router = {**side, "args": ["--to=http://localhost:8080"]}
    after = fit_of(deployment(initContainers=[router]), service())
    assert dict(after.startup.depends_on) == {"side": ("web",)}


def test_the_config_has_the_last_word_on_the_order() -> None:
    settings = WorkloadSettings(depends_on={"proxy": (), "frontend": ("proxy",)})
    fit = fit_of(*reference_case(), config=Config(workloads={"shop/Deployment/web": settings}))
    assert dict(fit.startup.depends_on) == {"frontend": ("proxy",)}


def test_a_cycle_is_printed() -> None:
    one, other = (
        container("a", ports=[{"containerPort": 8080}], args=["localhost:9000"]),
        container("b", ports=[{"containerPort": 9000}], args=["localhost:8080"]),
    )
    fit = fit_of(deployment(one, other), service())
    found = next(f for f in fit.findings if f.rule == "startup-cycle")
    assert fit.verdict == "blocked"
    assert "a -> b -> a" in found.message


def test_an_exec_readiness_probe_becomes_tcp_and_never_kills_sooner_than_kubernetes() -> None:
    fit = fit_of(
        deployment(
            container(
                ports=[{"containerPort": 8080}], readinessProbe={"exec": {"command": ["true"]}, "periodSeconds": 5}
            )
        ),
        service(),
    )
    probe = fit.probes["web"].startup
    assert probe is not None
    assert (probe.kind, probe.port, probe.failure_threshold) == ("tcp", 8080, MAX_STARTUP_S)


def test_a_job_has_no_liveness_probe() -> None:
    document = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": deployment(container(livenessProbe=HEALTH))["spec"],
    }
    document["spec"].pop("selector")
    assert fit_of(document).probes["web"].liveness is None
