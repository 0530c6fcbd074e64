"""``main.tf`` and what stands beside it: the same resource for Terraform's google provider.

Source: registry.terraform.io/providers/hashicorp/google: google_cloud_run_v2_service, _v2_job, _v2_worker_pool,
google_cloud_scheduler_job.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from k2cr_analysis.model.cloud_run import CloudRunProbe
from k2cr_analysis.platforms.cloud_run.volumes import MEDIUM_DISK, MEDIUM_MEMORY
from k2cr_analysis.rendering.context import PROJECT_ID
from k2cr_analysis.rendering.forms.cloudbuild import released_container
from k2cr_analysis.rendering.forms.hcl import (
    Block,
    Body,
    Expression,
    because,
    block_lines,
    lines_of,
    quoted,
    with_variables,
)
from k2cr_analysis.rendering.migration.scheduler import run_uri, scheduler_account
from k2cr_analysis.rendering.spec.build import Build
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
_TERRAFORM = ">= 1.7"  # for_each in import blocks: CHANGELOG of Terraform


_VARIABLE = {PROJECT_ID: "project", "REGION": "region"}
# Attributes that name things of the project; what an env value says is the program's, and stays.
_OF_PROJECT = frozenset(
    {
        "service_account", "service_account_email", "image", "network", "subnetwork", "connector", "uri", "instances",
        "encryption_key", "secret",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resource:
    """``import_id``: by which the provider finds what is there already (its page, "Import")."""

    kind: str
    name: str
    body: Body
    import_id: str
    made_by: str

    @property
    def address(self) -> str:
        return f"{self.kind}.{self.name}"


def terraform_files(build: Build, beside: Collection[str]) -> Mapping[str, str]:
    """The module: the resource, what it needs to be told, what it tells, and how what scripts made comes under it.

    ``beside``: the names of the other files.
    """
    resources = [_parametrized(r, build) for r in _resources(build)]
    main = _main(build, resources, beside)
    variables = {
        name: build.account.placeholders[key] for key, name in _asked_for(build).items() if f"var.{name}" in main
    }
    files = {
        "main.tf": main,
        "variables.tf": _variables(variables),
        "terraform.tfvars": _values(build),
        "outputs.tf": _outputs(build, resources[0]),
        "imports.tf": _imports(resources),
    }
    return {name: text.rstrip() + "\n" for name, text in files.items()}


def _resources(build: Build) -> Iterator[Resource]:
    run, name = build.run, build.run.name.replace("-", "_")
    at = "projects/${var.project}/locations/${var.region}"
    own = [_of_the_pipeline(build)]
    if isinstance(run, RunService):
        kind, body, group = "service", _service(run), "services"
    elif isinstance(run, RunJob):
        kind, body, group = "job", _job(run), "jobs"
    else:
        kind, body, group = "worker_pool", _worker_pool(run), "workerPools"
    yield Resource(f"google_cloud_run_v2_{kind}", name, (*body, *own), f"{at}/{group}/{run.name}", "deploy.sh")
    if isinstance(run, RunJob) and run.schedule:
        kind, body = "google_cloud_scheduler_job", _scheduler(build, run)
        yield Resource(kind, name, body, f"{at}/jobs/{run.name}", "scheduler.sh")


def _asked_for(build: Build) -> dict[str, str]:
    """Literal -> variable, of what was not known at render time."""
    return {key: _VARIABLE.get(key, key.lower()) for key in build.account.placeholders}


def _parametrized(resource: Resource, build: Build) -> Resource:
    """With variables for what is not known, and for the project and the region that it goes to."""
    project, region = build.context.project, build.context.region
    ours = {PROJECT_ID: project, "REGION": region}
    own = {key: name for key, name in _VARIABLE.items() if ours[key] is None}
    unknown = {key: f"var.{name}" for key, name in (own | _asked_for(build)).items()}
    of_project = unknown | ({project: "var.project"} if project else {})
    of_place = of_project | ({region: "var.region"} if region else {})

    def words(attribute: str) -> Mapping[str, str]:
        if attribute == "name":  # a variable of the program may have the name of a word
            return {}
        return of_place if attribute == "uri" else of_project if attribute in _OF_PROJECT else unknown

    return replace(resource, body=with_variables(resource.body, words))


def _main(build: Build, resources: Sequence[Resource], beside: Collection[str]) -> str:
    has_network, releases = "network.sh" in beside, "cloudbuild.yaml" in beside
    outside = "prepare.sh, network.sh and what they make" if has_network else "prepare.sh and what it makes"
    # As ignore_changes has it.
    theirs = ["the image that cloudbuild.yaml releases"] if releases else []
    theirs += ["the traffic"] if isinstance(build.run, RunService) else []
    owned = f"; not so {' and '.join(theirs)}" if theirs else ""
    lines = [
        comment(f"{build.workload.id} on Cloud Run: the same as {_twin(build.run)}. Written by k2cr."),
        comment(f"{outside} stay outside."),
        comment(f"Once it is applied, settings change here and not by deploy.sh{owned}."),
        "",
    ]
    google = ("google", {"source": "hashicorp/google", "version": _PROVIDER})
    needs: Body = (("required_version", _TERRAFORM), Block("required_providers", [google]))
    lines += block_lines("terraform", needs)
    for one in resources:
        lines += block_lines(f"resource {quoted(one.kind)} {quoted(one.name)}", one.body)
    return "\n".join(lines)


def _variables(asked: dict[str, str]) -> str:
    own = {"project": "the id of the project that it runs in", "region": "the region that it runs in"}
    lines = [
        "# What stands in values.env serves here too:",
        '#   export $(awk -F= \'/^[A-Z]/ && $2 { print "TF_VAR_" tolower($1) "=" $2 }\' values.env)',
        "",
    ]
    for name, meaning in sorted((asked | own).items()):
        told: Body = [("type", Expression("string")), ("description", own.get(name) or f"{name.upper()} of values.env")]
        said = [] if name in own else [comment(" ".join(meaning.split()))]
        lines += [*said, *block_lines(f"variable {quoted(name)}", told)]
    made = "whether scripts of this folder made it already: imports.tf brings it under Terraform"
    body: Body = [("type", Expression("bool")), ("description", made), ("default", True)]
    return "\n".join([*lines, *block_lines('variable "made_by_scripts"', body)])


def _values(build: Build) -> str:
    known = [("project", build.context.project), ("region", build.context.region)]
    lines = lines_of([(name, value) for name, value in known if value], 0)
    return "\n".join(["# Where it goes, as the snapshot or k2cr.toml says.", *lines])


def _outputs(build: Build, resource: Resource) -> str:
    told = {"name": "name"}
    if isinstance(build.run, RunService):
        told |= {"uri": "uri"}
    if not isinstance(build.run, RunJob):
        told |= {"latest_ready_revision": "latest_ready_revision"}
    lines: list[str] = []
    for name, attribute in told.items():
        lines += block_lines(f"output {quoted(name)}", [("value", Expression(f"{resource.address}.{attribute}"))])
    return "\n".join(lines)


def _imports(resources: Sequence[Resource]) -> str:
    lines = [
        "# What the scripts made comes under Terraform with the first apply; -var made_by_scripts=false: it is made.",
        "",
    ]
    for one in resources:
        made_by = f"var.made_by_scripts ? toset([{quoted(one.made_by)}]) : toset([])"
        body: Body = [
            ("for_each", Expression(made_by)),
            ("to", Expression(one.address)),
            ("id", Expression(f'"{one.import_id}"')),
        ]
        lines += block_lines("import", body)
    return "\n".join(lines)


def _of_the_pipeline(build: Build) -> Block:
    """What cloudbuild.yaml and cutover.md change after the first apply: Terraform leaves it as it is."""
    released = released_container(build)
    template = "template[0].template[0]" if isinstance(build.run, RunJob) else "template[0]"
    names = ["client", "client_version"]
    if released is not None:
        names.append(f"{template}.containers[{build.run.template.containers.index(released)}].image")
    names += ["traffic"] if isinstance(build.run, RunService) else []
    return Block("lifecycle", [("ignore_changes", [Expression(name) for name in names])])


def _twin(run: object) -> str:
    return (
        "service.yaml" if isinstance(run, RunService) else "job.yaml" if isinstance(run, RunJob) else "worker-pool.yaml"
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
        sends = not isinstance(run, RunWorkerPool)  # whose http_headers have no name in the provider (7.x)
        body = _container(container, resources(container) if resources else [], sends_headers=sends)
        yield Block("containers", [*body, *mounted])
    for volume in template.volumes:
        yield _volume(volume)
    if databases:
        yield Block("volumes", [("name", "cloudsql"), Block("cloud_sql_instance", [("instances", list(databases))])])


def _container(
    c: RunContainer, resources: list[tuple[str, Any]], *, sends_headers: bool
) -> Iterator[tuple[str, Any] | Block]:
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
        yield _probe("startup_probe", c.startup_probe, c.why.get("startup_probe"), sends_headers=sends_headers)
    if c.liveness_probe:
        yield _probe("liveness_probe", c.liveness_probe, sends_headers=sends_headers)
    if c.readiness_probe:
        yield _probe("readiness_probe", c.readiness_probe, sends_headers=False)
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


def _probe(name: str, probe: CloudRunProbe, why: str | None = None, *, sends_headers: bool) -> Block:
    headers: Sequence[Any] = [Block("http_headers", [("name", n), ("value", v)]) for n, v in probe.headers]
    path: Any = probe.http_path or "/"
    if headers and not sends_headers:
        held_in = "service.yaml" if probe.success_threshold is not None else "worker-pool.yaml"
        headers, path = (
            (),
            because(path, f"the provider has no http_headers here; {held_in} has them"),
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
