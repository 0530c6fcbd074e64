"""``main.tf``: the same resource for Terraform's google provider.

Source: registry.terraform.io/providers/hashicorp/google: google_cloud_run_v2_service, _v2_job, _v2_worker_pool,
google_cloud_scheduler_job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from k2cr_analysis.model.cloud_run import CloudRunProbe
from k2cr_analysis.platforms.volumes import MEDIUM_DISK, MEDIUM_MEMORY
from k2cr_analysis.rendering.forms.cloudbuild import built_container
from k2cr_analysis.rendering.migration.scheduler import run_uri, scheduler_account
from k2cr_analysis.rendering.spec.build import Build
from k2cr_analysis.rendering.spec.printed import printer
from k2cr_analysis.rendering.spec.run_settings import BINARY_AUTHORIZATION, BREAKGLASS, CLOUD_SQL, CONNECTOR
from k2cr_analysis.rendering.spec.service import (
    DiskVolume,
    MemoryVolume,
    NfsVolume,
    Run,
    RunContainer,
    RunEnv,
    RunJob,
    RunMount,
    RunService,
    RunTemplate,
    RunVolume,
    RunWorkerPool,
    SecretVolume,
)
from k2cr_analysis.rendering.text.scripts import comment

_INGRESS = {
    "all": "INGRESS_TRAFFIC_ALL",
    "internal": "INGRESS_TRAFFIC_INTERNAL_ONLY",
    "internal-and-cloud-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
}
_EGRESS = {"private-ranges-only": "PRIVATE_RANGES_ONLY", "all-traffic": "ALL_TRAFFIC"}


# readiness_probe (7.19), iap_enabled (7.21) and ephemeral disks (7.30): CHANGELOG of terraform-provider-google.
_PROVIDER = ">= 7.30.0, < 8.0.0"


@dataclass(frozen=True, slots=True)
class Block:
    """A nested block: ``name { ... }``. Attributes whose value is None are left out."""

    name: str
    body: Sequence[tuple[str, Any] | Block]


@dataclass(frozen=True, slots=True)
class Explained:
    """A value with the reason that a comment above it gives; without one it is the plain value."""

    value: Any
    why: str


def because(value: Any, why: str | None) -> Any:
    return Explained(value, why) if why and value is not None else value


@dataclass(frozen=True, slots=True)
class Expression:
    """HCL that is not a literal: ``var.region``."""

    text: str


@printer
def terraform(build: Build) -> str:
    """The whole file."""
    variables = [_variable("project", build.context.project), _variable("region", build.context.region)]
    run = build.run
    if isinstance(run, RunService):
        blocks = [("google_cloud_run_v2_service", run.name, _service(run))]
    elif isinstance(run, RunJob):
        blocks = [("google_cloud_run_v2_job", run.name, _job(run))]
        blocks += [("google_cloud_scheduler_job", run.name, _scheduler(build, run))] if run.schedule else []
    else:
        blocks = [("google_cloud_run_v2_worker_pool", run.name, _worker_pool(run))]
    lines = [comment(f"{build.workload.id} on Cloud Run: the same as {_twin(run)}. Written by k2cr."), ""]
    lines += ["terraform {", '  required_version = ">= 1.5"', "", "  required_providers {", "    google = {"]
    lines += ['      source  = "hashicorp/google"', f'      version = "{_PROVIDER}"', "    }", "  }", "}", ""]
    for variable in variables:
        lines += [*variable, ""]
    kind, name, body = blocks[0]
    blocks[0] = (kind, name, [*body, _of_the_pipeline(build)])
    for kind, name, body in blocks:
        lines += [f"resource {_quote(kind)} {_quote(name.replace('-', '_'))} {{", *_lines(body, 2), "}", ""]
    return "\n".join(lines).rstrip() + "\n"


def _of_the_pipeline(build: Build) -> Block:
    """What deploy.sh and cloudbuild.yaml change after the first apply: Terraform leaves it as it is."""
    index = build.run.template.containers.index(built_container(build))
    template = "template[0].template[0]" if isinstance(build.run, RunJob) else "template[0]"
    names = ["client", "client_version", f"{template}.containers[{index}].image"]
    names += ["traffic"] if isinstance(build.run, RunService) else []
    return Block("lifecycle", [("ignore_changes", [Expression(name) for name in names])])


def _twin(run: object) -> str:
    return (
        "service.yaml" if isinstance(run, RunService) else "job.yaml" if isinstance(run, RunJob) else "worker-pool.yaml"
    )


def _variable(name: str, default: str | None) -> list[str]:
    body = [f'variable "{name}" {{', "  type = string"]
    return (
        [f'variable "{name}" {{', "  type    = string", f"  default = {_quote(default)}", "}"]
        if default
        else [*body, "}"]
    )


def _common(name: str, labels: Mapping[str, str]) -> list[tuple[str, Any] | Block]:
    return [
        ("name", name),
        ("project", Expression("var.project")),
        ("location", Expression("var.region")),
        ("labels", dict(labels) or None),
    ]


def _service(run: RunService) -> list[tuple[str, Any] | Block]:
    body = _common(run.name, run.labels)
    body += [("ingress", because(_INGRESS[run.ingress], run.why.get("ingress")))]
    body += [("iap_enabled", True if run.iap else None)]
    body += [*_settings(run, "resource"), *_binary_authorization(run)]
    if run.min_instances:
        body.append(Block("scaling", [("min_instance_count", run.min_instances)]))
    template: list[tuple[str, Any] | Block] = [
        ("labels", dict(run.labels) or None),
        _service_account(run.template),
        ("timeout", because(f"{run.timeout_s}s", run.why.get("timeout_s"))),
        ("max_instance_request_concurrency", because(run.concurrency, run.why.get("concurrency"))),
        ("execution_environment", f"EXECUTION_ENVIRONMENT_{run.template.execution_environment.upper()}"),
        ("session_affinity", because(True if run.session_affinity else None, run.why.get("session_affinity"))),
        *_settings(run, "template"),
        Block("scaling", [("max_instance_count", because(run.max_instances, run.why.get("max_instances")))]),
    ]
    idle, boost = run.billing == "request", run.cpu_boost
    template += _shared(run, lambda c: [("cpu_idle", idle), ("startup_cpu_boost", boost)])
    return [*body, Block("template", template)]


def _job(run: RunJob) -> list[tuple[str, Any] | Block]:
    task: list[tuple[str, Any] | Block] = [
        _service_account(run.template),
        ("max_retries", because(run.max_retries, run.why.get("max_retries"))),
        ("timeout", because(f"{run.timeout_s}s", run.why.get("timeout_s"))),
        ("execution_environment", "EXECUTION_ENVIRONMENT_GEN2"),
        *_settings(run, "template"),
        *_shared(run),
    ]
    execution: list[tuple[str, Any] | Block] = [
        ("labels", dict(run.labels) or None),
        ("task_count", run.tasks),
        ("parallelism", run.parallelism),
        Block("template", task),
    ]
    body = [*_common(run.name, run.labels), *_binary_authorization(run)]
    return [*body, Block("template", execution)]


def _worker_pool(run: RunWorkerPool) -> list[tuple[str, Any] | Block]:
    count = because(run.instances, run.why.get("instances"))
    scaling = Block("scaling", [("scaling_mode", "MANUAL"), ("manual_instance_count", count)])
    template = [
        ("labels", dict(run.labels) or None),
        _service_account(run.template),
        *_settings(run, "template"),
        *_shared(run),
    ]
    body = [*_common(run.name, run.labels), *_binary_authorization(run)]
    return [*body, scaling, Block("template", template)]


def _service_account(template: RunTemplate) -> tuple[str, Any]:
    return "service_account", because(template.service_account, template.why.get("service_account"))


def _settings(run: Run, of: str) -> Iterator[tuple[str, Any]]:
    for one in run.settings:
        if one.setting.of == of and one.setting.terraform:
            shape = one.setting.shape
            value = True if shape == "on" else list(one.items) if "list" in shape else one.items[0]
            yield one.setting.terraform, because(value, one.why)


def _binary_authorization(run: Run) -> Iterator[Block]:
    found = {one.setting.annotation: one for one in run.settings}
    policy, breakglass = found.get(BINARY_AUTHORIZATION), found.get(BREAKGLASS)
    if policy or breakglass:
        use_default = because(True, policy.why) if policy and policy.items == ("default",) else None
        named = None if use_default or policy is None else policy.items[0]
        words = breakglass.items[0] if breakglass else None
        body = [("use_default", use_default), ("policy", named), ("breakglass_justification", words)]
        yield Block("binary_authorization", body)


def _scheduler(build: Build, run: RunJob) -> list[tuple[str, Any] | Block]:
    assert run.schedule is not None
    token = Block("oauth_token", [("service_account_email", scheduler_account(build))])
    return [
        ("name", run.name),
        ("project", Expression("var.project")),
        ("region", Expression("var.region")),
        ("schedule", run.schedule.cron),
        ("time_zone", run.schedule.time_zone),
        ("paused", True if run.schedule.paused else None),
        Block("http_target", [("http_method", "POST"), ("uri", run_uri(build)), token]),
    ]


def _shared(run: Run, resources: Any = None) -> Iterator[tuple[str, Any] | Block]:
    template = run.template
    databases = next((s.items for s in run.settings if s.setting.annotation == CLOUD_SQL), ())
    connector = next((s.items[0] for s in run.settings if s.setting.annotation == CONNECTOR), None)
    if connector and not template.egress:
        yield Block("vpc_access", [("connector", connector)])
    if template.egress:
        interface = Block(
            "network_interfaces",
            [
                ("network", template.egress.network),
                ("subnetwork", template.egress.subnet),
                ("tags", list(template.egress.tags) or None),
            ],
        )
        ranges = because(_EGRESS[template.egress.ranges], template.egress.why)
        yield Block("vpc_access", [("egress", ranges), interface])
    if template.accelerator:
        yield Block("node_selector", [("accelerator", template.accelerator)])
    for container in template.containers:
        mounted = [Block("volume_mounts", [("name", "cloudsql"), ("mount_path", "/cloudsql")])] if databases else []
        body = _container(container, resources(container) if resources else [])
        yield Block("containers", [*body, *mounted])
    for volume in template.volumes:
        yield _volume(volume)
    if databases:
        yield Block("volumes", [("name", "cloudsql"), Block("cloud_sql_instance", [("instances", list(databases))])])


def _container(c: RunContainer, resources: list[tuple[str, Any]]) -> Iterator[tuple[str, Any] | Block]:
    yield from (
        ("name", c.name),
        ("image", because(c.image, c.why.get("image"))),
        ("command", list(c.command) or None),
        ("args", list(c.args) or None),
    )
    yield from (
        ("working_dir", c.working_dir),
        ("depends_on", because(list(c.depends_on) or None, c.why.get("depends_on"))),
    )
    if c.port is not None:
        yield Block("ports", [("name", "h2c" if c.h2c else "http1"), ("container_port", c.port)])
    for env in c.env:
        yield _env(env)
    limits = {"cpu": c.cpu, "memory": c.memory} | ({"nvidia.com/gpu": c.gpu} if c.gpu else {})
    yield Block("resources", [("limits", because(limits, c.why.get("cpu"))), *resources])
    if c.startup_probe:
        yield _probe("startup_probe", c.startup_probe, c.why.get("startup_probe"))
    if c.liveness_probe:
        yield _probe("liveness_probe", c.liveness_probe)
    if c.readiness_probe:
        yield _probe("readiness_probe", c.readiness_probe)
    for mount in c.mounts:
        yield _mount(mount)


def _env(env: RunEnv) -> Block:
    if env.secret is None:
        return Block("env", [("name", env.name), ("value", because(env.value or "", env.why))])
    reference = Block("secret_key_ref", [("secret", env.secret.secret), ("version", env.secret.version)])
    return Block("env", [("name", env.name), Block("value_source", [reference])])


def _mount(mount: RunMount) -> Block:
    return Block(
        "volume_mounts", [("name", mount.volume), ("mount_path", mount.mount_path), ("sub_path", mount.sub_path)]
    )


def _probe(name: str, probe: CloudRunProbe, why: str | None = None) -> Block:
    headers: Sequence[Any] = [Block("http_headers", [("name", n), ("value", v)]) for n, v in probe.headers]
    path: Any = probe.http_path or "/"
    if headers and probe.success_threshold is not None:
        headers, path = (
            (),
            because(path, "the provider has no http_headers here; service.yaml has them"),
        )
    action = {
        "http": Block("http_get", [("path", path), ("port", probe.port), *headers]),
        "grpc": Block("grpc", [("port", probe.port), ("service", probe.grpc_service)]),
        "tcp": Block("tcp_socket", [("port", probe.port)]),
    }[probe.kind]
    numbers = [
        ("initial_delay_seconds", probe.initial_delay_s),
        ("period_seconds", because(probe.period_s, why)),
        ("timeout_seconds", probe.timeout_s),
        ("failure_threshold", probe.failure_threshold),
    ]
    if probe.success_threshold is not None:  # a readiness probe, which has no delay
        numbers = [*numbers[1:], ("success_threshold", probe.success_threshold)]
    return Block(name, [*numbers, action])


def _volume(volume: RunVolume) -> Block:
    source = volume.source
    if isinstance(source, MemoryVolume):
        made = Block("empty_dir", [("medium", MEDIUM_MEMORY.upper()), ("size_limit", source.size)])
    elif isinstance(source, DiskVolume):
        made = Block("empty_dir", [("medium", MEDIUM_DISK.upper()), ("size_limit", source.size)])
    elif isinstance(source, SecretVolume):
        items = [Block("items", [("version", version), ("path", path)]) for version, path in source.files]
        made = Block("secret", [("secret", source.secret), ("default_mode", source.default_mode), *items])
    elif isinstance(source, NfsVolume):
        made = Block("nfs", [("server", source.server), ("path", source.directory), ("read_only", source.read_only)])
    else:
        options = source.mount_options.split(",") if source.mount_options else None
        made = Block("gcs", [("bucket", source.bucket), ("read_only", source.read_only), ("mount_options", options)])
    return Block("volumes", [("name", because(volume.name, volume.why)), made])


def _lines(body: Sequence[tuple[str, Any] | Block], indent: int) -> list[str]:
    """Attributes aligned as ``terraform fmt`` does, blocks after a blank line."""
    lines: list[str] = []
    pad = " " * indent
    run: list[tuple[str, str]] = []

    def flush() -> None:
        width = max((len(n) for n, _ in run), default=0)
        lines.extend(f"{pad}{n.ljust(width)} = {v}" for n, v in run)
        run.clear()

    for part in body:
        if isinstance(part, Block):
            flush()
            if lines:
                lines.append("")
            lines += [f"{pad}{part.name} {{", *_lines(part.body, indent + 2), f"{pad}}}"]
            continue
        name, value = part
        if isinstance(value, Explained):
            flush()
            lines.append(f"{pad}{comment(value.why)}")
            value = value.value
        if isinstance(value, Mapping):
            flush()
            width = max(len(_key(k)) for k in value)
            lines += [
                f"{pad}{name} = {{",
                *(f"{pad}  {_key(k).ljust(width)} = {_value(v)}" for k, v in value.items()),
                f"{pad}}}",
            ]
        elif value is not None:
            run.append((name, _value(value)))
    flush()
    return lines


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and not key[0].isdigit() else _quote(key)


def _value(value: Any) -> str:
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_value(v) for v in value)}]"
    return str(value) if isinstance(value, int) else _quote(value)


def _quote(text: str) -> str:
    """A quoted HCL string: JSON's escapes, and ``${`` and ``%{`` doubled, so that nothing is a template."""
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
    quoted = "".join(named.get(c) or (c if c.isprintable() else _unicode(c)) for c in text)
    return '"' + quoted.replace("${", "$${").replace("%{", "%%{") + '"'


def _unicode(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
