"""Charges beside pods and instances: each with evidence, none called equal because it is hard to tell."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from k2cr_analysis.config import WorkloadSettings
from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.planning import portfolio
from k2cr_analysis.planning.neighbours import neighbours_of
from k2cr_analysis.planning.worth import Fleet
from tests.planning.fleets import Move, assessment
from tests.planning.test_plan import full_nodes
from tests.pricing.clusters import workload

ZERO = Decimal(0)


def found(assessed, ids=None):
    fleet = Fleet([assessed])
    chosen = [c for c in fleet.candidates if ids is None or c.id in ids]
    return {one.item: one for one in neighbours_of(fleet, chosen, fleet.worth(chosen))}


def moving(requests=None, **more):
    made = assessment(full_nodes("web", "db"), {"web": Move(1), "db": Move(None, "blocked")})
    if requests is not None:
        month = InstanceTimeline(Decimal(requests), *[ZERO] * 7)
        made = replace(made, workloads=tuple(replace(w, timeline=month) if w.fit.moves else w for w in made.workloads))
    return replace(made, **more)


def test_where_nothing_moves_nothing_beside_it_changes():
    assert portfolio(assessment(full_nodes("db"), {"db": Move(None, "blocked")})).neighbours == ()


def test_request_logs_are_a_range_over_what_is_free():
    """400 million entries of 512 to 2,048 bytes are 190.7 to 762.9 GiB: less 50, at 0.50."""
    logs = found(moving(400_000_000))["request logs"]
    low, high = ((Decimal(400_000_000) * size / 2**30 - 50) / 2 for size in (512, 2048))
    assert (logs.month, logs.low, logs.high, logs.counted) == (None, low, high, False)
    assert "assumed" in logs.evidence
    few = found(moving(1_000_000))["request logs"]
    assert (few.month, few.low) == (0, None)


def test_a_bill_that_pays_for_logs_has_nothing_free_left():
    made = moving(1_000_000)
    paying = replace(made, bill=replace(made.bill, lines=(*made.bill.lines, ("Cloud Logging", Decimal(3)))))
    assert found(paying)["request logs"].low > 0


def test_traffic_between_regions_is_told_where_the_services_go_elsewhere():
    assert found(moving())["traffic between regions"].change == "none"
    away = found(moving(region="us-central1"))["traffic between regions"]
    assert (away.change, away.month) == ("comes", None)
    assert "asia-northeast1" in away.evidence and "us-central1" in away.evidence


def test_nat_comes_where_calls_leave_by_addresses_of_their_own():
    made = moving()
    assert found(made)["Cloud NAT of what moves"].change == "none"
    settings = {"shop/Deployment/web": WorkloadSettings(egress_addresses=("nat-1",))}
    named = found(replace(made, config=replace(made.config, workloads=settings)))["Cloud NAT of what moves"]
    assert (named.change, named.month) == ("comes", None)
    assert "0.045" in named.why


def test_without_a_bill_todays_charges_are_a_said_unknown_and_with_one_a_range():
    lines = ("Cloud NAT", Decimal(40)), ("network", Decimal(25))
    made = moving()
    assert found(made)["network of the cluster"].month is None
    assert "billing export" in found(made)["network of the cluster"].why
    billed = replace(made.bill, basis="billing-export", lines=(*made.bill.lines, *lines))
    nat = found(replace(made, bill=billed))["Cloud NAT of the cluster"]
    assert (nat.change, nat.low, nat.high) == ("may go", Decimal(-40), ZERO)


def ingress(*services):
    paths = [
        {"path": f"/{s}", "pathType": "Prefix", "backend": {"service": {"name": s, "port": {"number": 80}}}}
        for s in services
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": "shop"},
        "spec": {"rules": [{"http": {"paths": paths}}]},
    }


def service(name):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}]},
    }


def test_the_clusters_balancer_goes_once_nothing_is_behind_it():
    objects = [*full_nodes("web", "api"), service("web"), service("api"), ingress("web", "api")]
    made = assessment(objects, {"web": Move(1), "api": Move(1)})
    billed = replace(made.bill, basis="billing-export", lines=(*made.bill.lines, ("load balancers", Decimal(18))))
    made = replace(made, bill=billed)
    one = found(made, ["shop/Deployment/web"])
    assert one["load balancers in front of Cloud Run"].change == "comes"
    assert one["load balancers of the cluster"].change == "stays"
    assert found(made)["load balancers of the cluster"].change == "may go"


def test_images_of_a_registry_that_cloud_run_does_not_pull_from_are_stored_again():
    objects = [*full_nodes("web")]
    own = workload("own", "1", "1Gi")
    own["spec"]["template"]["spec"]["containers"][0]["image"] = "quay.io/acme/own:1"
    made = assessment([*objects, own], {"web": Move(1), "own": Move(1)})
    assert found(made)["Artifact Registry"].change == "comes"
    assert found(made, ["shop/Deployment/web"])["Artifact Registry"].change == "none"
