"""Which of Cloud Run's own settings a workload gets, and what becomes of the annotations of a Knative Service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from k2cr_analysis.model.parse.access import source_value
from k2cr_analysis.model.pod.cloud_sql import built_in_instances
from k2cr_analysis.model.workload import REDACTED, Workload
from k2cr_analysis.platforms.cloud_run.annotations import (
    CPU_BOOST,
    CPU_THROTTLING,
    GPU_REDUNDANCY_OFF,
    INGRESS,
    INTERFACES,
    KNATIVE_MAX_SCALE,
    KNATIVE_MIN_SCALE,
    MAX_SCALE,
    MIN_SCALE,
    RUN,
    SERVICE_MAX_SCALE,
    SERVICE_MIN_SCALE,
)
from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.network.access.ingress_setting import Reached
from k2cr_analysis.rendering.spec.account import Account
from k2cr_analysis.rendering.spec.run_settings import (
    AUDIENCES,
    BINARY_AUTHORIZATION,
    CLOUD_SQL,
    CONNECTOR,
    ENCRYPTION_KEY,
    INVOKER_OFF,
    SETTINGS,
    Set,
    read,
)

_OURS = {
    MIN_SCALE: SERVICE_MIN_SCALE,
    KNATIVE_MIN_SCALE: SERVICE_MIN_SCALE,
    SERVICE_MIN_SCALE: SERVICE_MIN_SCALE,
    MAX_SCALE: MAX_SCALE,
    KNATIVE_MAX_SCALE: MAX_SCALE,
    SERVICE_MAX_SCALE: MAX_SCALE,
    CPU_THROTTLING: CPU_THROTTLING,
    CPU_BOOST: CPU_BOOST,
    INGRESS: INGRESS,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a Knative Service's annotations say of settings that render has a field for."""

    session_affinity: bool
    execution_environment: str | None
    concurrency: int | None


def build_settings(
    workload: Workload,
    reached: Reached | None,
    context: RenderContext,
    account: Account,
    *,
    has_egress: bool,
    has_gpu: bool,
) -> tuple[Set, ...]:
    """The settings, in the order of the table; what the house rules say wins over the source.

    ``has_gpu``: instances that take requests or messages have one, with or without a spare in another zone.
    """
    found: dict[str, Set] = {}
    for path, noted in _annotations(workload):
        for name, value in noted.items():
            at = f'{path}["{name}"]'
            made = read(name, value, "the source's own annotation")
            if made and name == CONNECTOR and has_egress:
                account.changed(
                    at,
                    f"annotation {INTERFACES}",
                    value,
                    None,
                    "Direct VPC egress takes the connector's place",
                )
            elif made and REDACTED in value:
                literal = re.sub(r"[^A-Z0-9]+", "_", name.rpartition("/")[2].upper())
                account.placeholder(literal, f"annotation {name}: it looked like a secret and was not stored")
                account.changed(at, f"annotation {name}", value, literal, "a marked placeholder")
                found[name] = replace(made, items=(literal,))
            elif made:
                found[name] = made
                account.carried(at, f"annotation {name}", value)
    if has_gpu and not any(GPU_REDUNDANCY_OFF in noted for _, noted in _annotations(workload)):
        why = "as it is priced: without zonal redundancy, for which a region has quota by itself"
        found[GPU_REDUNDANCY_OFF] = Set(SETTINGS[GPU_REDUNDANCY_OFF], ("true",), why)
    if (databases := built_in_instances(workload.pod)) and CLOUD_SQL not in found:
        why = "Cloud Run's own connection, in the place of Cloud SQL's proxy"
        found[CLOUD_SQL] = Set(SETTINGS[CLOUD_SQL], databases, why)
    policy = context.config.policy
    if policy.binary_authorization:
        found[BINARY_AUTHORIZATION] = Set(SETTINGS[BINARY_AUTHORIZATION], ("default",), "[policy] binary_authorization")
        account.house_rule("binary_authorization", "deployed under the project's Binary Authorization policy")
    if policy.encryption_key:
        found[ENCRYPTION_KEY] = Set(SETTINGS[ENCRYPTION_KEY], (policy.encryption_key,), "[policy] encryption_key")
        account.house_rule("encryption_key", f"encrypted with {policy.encryption_key}")
    if reached and reached.access.invoker_off:
        found[INVOKER_OFF] = Set(SETTINGS[INVOKER_OFF], ("true",), reached.access.invoker_off)
    audiences = _audiences(reached)
    if audiences and AUDIENCES not in found:
        why = "callers know the service by this name, so their ID tokens name it"
        found[AUDIENCES] = Set(SETTINGS[AUDIENCES], audiences, why)
    return tuple(found[name] for name in SETTINGS if name in found)


def _audiences(reached: Reached | None) -> tuple[str, ...]:
    """Behind an internal load balancer callers ask for tokens with the address that they call."""
    if reached is None or reached.reach != "internal-load-balancer":
        return ()
    return tuple(f"{scheme}://{d}" for d in reached.domains if "*" not in d for scheme in ("https", "http"))


def asked(workload: Workload, account: Account) -> Asked:
    """Settings of the source that stand in fields here, and the account of the ones that the assessment decides."""
    affinity, environment = False, None
    for path, noted in _annotations(workload):
        for name, value in noted.items():
            at = f'{path}["{name}"]'
            if name == f"{RUN}sessionAffinity":
                affinity = value.lower() == "true"
                account.carried(at, f"annotation {name}", value)
            elif name == f"{RUN}execution-environment":
                environment = value
                account.carried(at, f"annotation {name}", value)
            elif name in _OURS:
                # None is written where instances start from 0.
                target = "metadata.annotations" if _OURS[name] == SERVICE_MIN_SCALE and value == "0" else _OURS[name]
                account.changed(at, target, value, None, "decided by the assessment: see the value in the file")
            elif name == f"{RUN}container-dependencies":
                account.decide(f"The source's start-up order is {value}: say it in [workload] depends_on of k2cr.toml.")
                account.changed(at, name, value, None, "the order is worked out from probes and calls")
    if workload.kind == "Service" and source_value(workload, "$.spec.traffic"):
        why = "its revisions are not on Cloud Run: the first deployment gets all requests"
        account.changed("$.spec.traffic", "spec.traffic", "by revisions", "the latest, 100 %", why)
    return Asked(affinity, environment, workload.pod.container_concurrency or None)


def _annotations(workload: Workload) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """(path, annotations) of a Knative Service; other workloads carry nothing of Cloud Run's."""
    if workload.kind != "Service":
        return ()
    return (
        ("$.metadata.annotations", workload.annotations),
        ("$.spec.template.metadata.annotations", workload.pod.annotations),
    )
