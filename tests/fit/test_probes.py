"""Probes and start-up order as Cloud Run takes them."""

from __future__ import annotations

from k2cr_analysis.config.settings import Config, WorkloadSettings
from k2cr_analysis.platforms.probes import MAX_STARTUP_S
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


def test_the_allowances_of_a_chain_stay_within_the_limit() -> None:
    slow = {**HEALTH, "failureThreshold": 10}
    documents = reference_case()
    for one in documents[0]["spec"]["template"]["spec"]["containers"]:
        one["readinessProbe"] = {**slow, "httpGet": one["readinessProbe"]["httpGet"]}
    fit = fit_of(*documents)
    allowed = [p.startup.failure_threshold for p in fit.probes.values() if p.startup]
    assert len(allowed) == 2
    assert sum(allowed) <= MAX_STARTUP_S
    assert {f.rule for f in fit.findings} >= {"startup-time-shortened"}


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
    assert fit.probes["proxy"].startup is None


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


def test_an_exec_readiness_probe_becomes_tcp_with_its_total_time() -> None:
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
    assert (probe.kind, probe.port, probe.failure_threshold) == ("tcp", 8080, 15)


def test_a_job_has_no_liveness_probe() -> None:
    document = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": deployment(container(livenessProbe=HEALTH))["spec"],
    }
    document["spec"].pop("selector")
    assert fit_of(document).probes["web"].liveness is None
