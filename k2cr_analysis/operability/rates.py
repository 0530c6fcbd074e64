"""Hours and days that k2cr puts on each kind of work. All of them are k2cr's own assumptions, made to be corrected.

They are the order of magnitude that a small SRE team reports for routine work, not measurements: no public source gives
them by line. What is evidence is the count they are multiplied with, which comes from the snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToilRates:
    """Hours a month for one piece of each kind."""

    # Work on the cluster. It leaves: with the workload, or (shared) with the last workload.
    cluster_upgrade: float = 4.0  # read notes, test, roll the control plane: about every second month, a day
    cluster_upgrade_autopilot: float = 1.0  # the nodes are Google's
    node_pool: float = 1.0  # upgrade, resize, machine types; a pool
    node: float = 0.1  # on-call for what a node does: disk, kubelet, drain that hangs; a node
    addon: float = 0.5  # version, values, incidents of a DaemonSet or an operator that the team installed
    autoscaler: float = 0.5  # thresholds and limits of a HorizontalPodAutoscaler
    disruption_budget: float = 0.25  # a drain that waits for it
    deprecated_api: float = 0.5  # a manifest to migrate before the version goes
    placement: float = 0.25  # selectors, affinity, taints that must follow the node pools
    # Work that comes.
    two_platforms: float = 4.0  # two ways to deploy, watch and debug while both are there
    service_tuning: float = 0.25  # concurrency, instances, cold starts of a service
    worker_pool_scaling: float = 0.5  # worker pools do not scale by themselves: somebody sets the count
    scheduler_job: float = 0.1  # Cloud Scheduler beside the job
    path_between_platforms: float = 0.5  # Direct VPC egress and internal load balancer to what stays; a dependency
    changed_feature: float = 0.1  # anything else that works otherwise than before; a rule


@dataclass(frozen=True, slots=True)
class EffortRates:
    """Person-days of the move, once."""

    workload: float = 0.5  # review the generated files, deploy, watch, clean up
    cutover: float = 0.5  # traffic from outside moves over: load balancer, DNS, certificate, way back
    change: float = 0.5  # a change finding whose rule is not in the table below
    repeated: float = 0.25  # each further finding of a rule, as a share of the first


TOIL = ToilRates()
EFFORT = EffortRates()


@dataclass(frozen=True, slots=True)
class RuleRates:
    """What a ``change`` finding of one rule brings: person-days once, and hours a month that go on after the move."""

    effort_days: float
    hours_month: float


# A rule that is not here takes EFFORT.change and TOIL.changed_feature. Incomplete objects are not moved by anyone yet.
OF_RULE: dict[str, RuleRates] = {
    "incomplete-object": RuleRates(0.0, 0.0),
    # A question that one look at the program answers.
    "protocol-unknown": RuleRates(0.25, 0.0),
    "undeclared-grpc": RuleRates(0.25, 0.0),
    "ingress-container-unclear": RuleRates(0.25, 0.0),
    "probe-port-unknown": RuleRates(0.25, 0.0),
    "awaited-without-port": RuleRates(0.25, 0.0),
    "dependency-of-nobody": RuleRates(0.25, 0.0),
    "accelerator-of-unknown-kind": RuleRates(0.25, 0.0),
    "config-map-not-seen": RuleRates(0.25, 0.0),
    "secret-keys-not-seen": RuleRates(0.25, 0.0),
    "redacted-text": RuleRates(0.25, 0.0),
    # A line in the image or the configuration, then as before.
    "tcp-liveness-probe": RuleRates(0.25, 0.0),
    "exec-probe": RuleRates(0.5, 0.0),
    "downward-api-value": RuleRates(0.25, 0.0),
    "unexpandable-reference": RuleRates(0.25, 0.0),
    "reserved-variable": RuleRates(0.25, 0.0),
    "service-link-variable": RuleRates(0.25, 0.0),
    "registry-outside-policy": RuleRates(0.5, 0.0),
    "image-from-private-registry": RuleRates(0.5, 0.1),
    "image-only-on-node": RuleRates(0.5, 0.0),
    "injected-sidecar": RuleRates(0.5, 0.0),
    "start-hook": RuleRates(0.5, 0.0),
    "stop-hook": RuleRates(0.5, 0.0),
    "probe-over-tls": RuleRates(0.5, 0.0),
    "tls-in-container": RuleRates(0.5, 0.0),
    "native-sidecar": RuleRates(0.25, 0.0),
    "reserved-mount-path": RuleRates(0.25, 0.0),
    "nested-mount": RuleRates(0.25, 0.0),
    "host-names-set": RuleRates(0.5, 0.1),
    "default-account-has-role": RuleRates(0.5, 0.0),
    "foreign-identity": RuleRates(0.5, 0.1),
    "projected-identity": RuleRates(0.5, 0.0),
    # Files and memory: somebody watches a limit that was a disk.
    "scratch-on-disk": RuleRates(0.5, 0.25),
    "ephemeral-storage-in-memory": RuleRates(0.5, 0.25),
    "config-map-as-files": RuleRates(0.5, 0.25),
    "secret-with-many-files": RuleRates(0.5, 0.25),
    # Scaling and schedules that Cloud Run does not have: somebody looks after them.
    "scaling-on-custom-metric": RuleRates(1.5, 0.5),
    "scaling-on-memory-alone": RuleRates(0.5, 0.25),
    "worker-pool-scaled-by-hand": RuleRates(0.5, 0.5),
    "concurrency-policy": RuleRates(1.0, 0.1),
    "starting-deadline": RuleRates(0.5, 0.1),
    # The program changes.
    "grace-period-over-limit": RuleRates(1.0, 0.1),
    "init-container": RuleRates(1.0, 0.1),
    "several-ports": RuleRates(1.5, 0.25),
    "websocket-port": RuleRates(1.0, 0.25),
    "request-over-hour": RuleRates(2.0, 0.25),
    "startup-over-limit": RuleRates(2.0, 0.1),
    "limits-over-instance": RuleRates(1.0, 0.25),
    "network-file-system": RuleRates(2.0, 0.5),
    "additional-network": RuleRates(2.0, 0.5),
    "too-many-containers": RuleRates(3.0, 0.5),
}
