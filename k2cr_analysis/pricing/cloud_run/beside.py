"""What stands beside a Cloud Run service or job and cost nothing on GKE: secrets in Secret Manager, a schedule.

Each Secret's key that a container reads becomes a secret with one version in one location, and each start of an
instance reads it once; a CronJob becomes a Cloud Scheduler job. The free amounts belong to the billing account
(``free_tier``). What is not compared: ``NOT_COMPARED``.

Sources: https://cloud.google.com/secret-manager/pricing, https://cloud.google.com/scheduler/pricing;
docs.cloud.google.com/run/docs/configuring/services/secrets: a secret is read when the instance starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.model.money import LineItem
from k2cr_analysis.model.pod.secret_reference import (
    SecretReference,
    references_of_container,
    references_of_volume,
)
from k2cr_analysis.model.prices import Tariff
from k2cr_analysis.model.workload import Workload

NOT_COMPARED = (
    "in neither side of a workload's difference: what stands beside pods and instances (request logs, load balancers,"
    " NAT, traffic between zones, regions and to the internet, image storage); the plan tells each with its evidence."
    " Traffic from Cloud Run to a load balancer, and to services of its own region, costs nothing"
)

UNITS_BESIDE = ("secret_version_month", "secret_access", "schedule_month")


def beside_items(workload: Workload, timeline: InstanceTimeline, tariff: Tariff) -> tuple[LineItem, ...]:
    """A month's lines; none for a meter that the price book does not have."""
    versions = Decimal(len(set(_secret_keys(workload))))
    schedules = Decimal(1 if workload.batch is not None and workload.batch.schedule else 0)
    quantities = {
        "secretmanager.version": versions,
        "secretmanager.access": versions * timeline.instance_starts,
        "scheduler.job": schedules,
    }
    return tuple(
        tariff.line(meter, quantity)
        for meter, quantity in quantities.items()
        if quantity and tariff.price(meter) is not None
    )


def _secret_keys(workload: Workload) -> Iterator[tuple[str, str]]:
    """(Secret, key) of all that the pod reads; at least one key of a Secret whose keys the snapshot does not have.

    A value that is redacted becomes a secret of its own.
    """
    whole = {s.name: s.keys for c in workload.pod.running for s in c.env_from if s.kind == "secret"}
    for container in workload.pod.running:
        yield from ((container.name, v.name) for v in container.env if v.source == "redacted")
        yield from (key for found in references_of_container(container) for key in _keys(found, whole))
    for volume in workload.pod.volumes:
        yield from (key for found in references_of_volume(volume) for key in _keys(found, {}))


def _keys(found: SecretReference, whole: Mapping[str, tuple[str, ...] | None]) -> Iterator[tuple[str, str]]:
    if found.kind == "Secret":
        keys = (found.key,) if found.key is not None else whole.get(found.name)
        yield from ((found.name, key) for key in keys or ("*",))
