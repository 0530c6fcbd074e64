"""``[rates.toil]``, ``[rates.effort]``, ``[rates.rules.<id>]``: hours and days that each kind of work takes.

The defaults are k2cr's own assumptions, made to be corrected: the order of magnitude that a small SRE team reports for
routine work, not measurements, since no public source gives them by line. What is evidence is the count that they are
multiplied with, which comes from the snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToilRates:
    """``[rates.toil]``: hours a month for one piece of each kind."""

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
    worker_pool_scaling: float = 0.5  # somebody sets the count, or watches the CPU autoscaling
    scheduler_job: float = 0.1  # Cloud Scheduler beside the job
    path_between_platforms: float = 0.5  # Direct VPC egress and internal load balancer to what stays; a dependency
    virtual_machine: float = 1.0  # a machine by itself: its system's updates, disk, restart; one for each workload
    managed_service: float = 0.25  # a database or queue that is run for you: versions, sizes, backups that are tried
    changed_feature: float = 0.1  # anything else that works otherwise than before; a rule


@dataclass(frozen=True, slots=True)
class EffortRates:
    """``[rates.effort]``: person-days of the move, once."""

    workload: float = 0.5  # review the generated files, deploy, watch, clean up
    cutover: float = 0.5  # traffic from outside moves over: load balancer, DNS, certificate, way back
    change: float = 0.5  # a change finding whose rule has no rate of its own
    virtual_machine: float = 3.0  # a workload on a machine of its own: image, start-up, data moved, watched
    managed_service: float = 5.0  # a workload's data and clients to a managed service: schema, move, cut-over, way back
    rightsize: float = 0.1  # other requests for a workload that stays: a look at its use, a line, a rollout
    other_machines: float = 1.0  # a node pool of other machines: made, drained to, the old one deleted
    to_autopilot: float = 5.0  # a second cluster, all workloads deployed to it, traffic moved, the old one deleted
    repeated: float = 0.25  # each further finding of a rule, as a share of the first


@dataclass(frozen=True, slots=True)
class RuleRates:
    """``[rates.rules.<id>]``: what a ``change`` of a rule takes: person-days once, hours a month after it."""

    effort_days: float
    hours_month: float
