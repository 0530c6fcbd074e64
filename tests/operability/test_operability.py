"""Work that leaves and comes: on evidence alone, shared work marked as such, and the days of a move."""

import pytest

from k2cr_analysis.config import Config, EffortRates, Rates, RuleRates, ToilRates, WorkloadSettings
from k2cr_analysis.fit import all_rules
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.findings.finding import Finding
from k2cr_analysis.operability import effort_days, toil
from k2cr_analysis.operability.rates import OF_RULE
from tests.model.manifests import cluster_of

TOIL, EFFORT = ToilRates(), EffortRates()
PLAIN = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: 'app:1'}]}
"""
SELECTED = PLAIN.replace("spec: {containers", "spec: {nodeSelector: {disk: ssd}, containers")
SCALER = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
"""
BUDGET = """
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
"""
AGENT = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: NAMESPACE}
spec:
  selector: {matchLabels: {app: a}}
  template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: 'a:1'}]}}
"""
RESOURCE = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.GROUP}
spec: {group: GROUP}
"""
NODE = """
apiVersion: v1
kind: Node
metadata: {name: NAME, labels: {cloud.google.com/gke-nodepool: POOL}}
"""


def node(name, pool):
    return NODE.replace("NAME", name).replace("POOL", pool)


def change(rule, path="$.spec"):
    return Finding(rule, "change", path, "message")


def hours(items):
    return {item.item: item.hours_month for item in items}


def leaves(*manifests):
    cluster = cluster_of(*manifests)
    return toil(cluster.by_id["shop/Deployment/web"], cluster, "service", ()).leaves


EVIDENCE = {
    "nothing but the cluster": ([PLAIN], {"cluster upgrades": TOIL.cluster_upgrade}),
    "an autoscaler": ([PLAIN, SCALER], {"tuning of the autoscaler": TOIL.autoscaler}),
    "a budget in an old API": (
        [PLAIN, BUDGET],
        {
            "drains that wait for a disruption budget": TOIL.disruption_budget,
            "deprecated API versions": TOIL.deprecated_api,
        },
    ),
    "a node selector": ([SELECTED], {"placement rules that follow the node pools": TOIL.placement}),
    "nodes in two pools": (
        [PLAIN, node("a", "p"), node("b", "p"), node("c", "q")],
        {"node pools": 2 * TOIL.node_pool, "on-call for nodes": 3 * TOIL.node},
    ),
    "a DaemonSet of the team": ([PLAIN, AGENT.replace("NAMESPACE", "ops")], {"add-ons": TOIL.addon}),
    "an operator": ([PLAIN, RESOURCE.replace("GROUP", "example.org")], {"add-ons": TOIL.addon}),
}


@pytest.mark.parametrize(("manifests", "expected"), EVIDENCE.values(), ids=EVIDENCE)
def test_what_leaves_is_what_the_cluster_shows(manifests, expected):
    found = hours(leaves(*manifests))
    assert found == pytest.approx({"cluster upgrades": TOIL.cluster_upgrade, **expected}, abs=0.01)


GOOGLES = {
    "a DaemonSet of GKE": AGENT.replace("NAMESPACE", "kube-system"),
    "a resource of GKE": RESOURCE.replace("GROUP", "networking.gke.io"),
}


@pytest.mark.parametrize("manifest", GOOGLES.values(), ids=GOOGLES)
def test_what_google_runs_is_nobodys_toil(manifest):
    assert "add-ons" not in hours(leaves(PLAIN, manifest))


def test_the_clusters_work_is_shared_and_the_same_for_all():
    other = PLAIN.replace("name: web", "name: api")
    cluster = cluster_of(PLAIN, SCALER, other, node("a", "p"))
    lists = [toil(w, cluster, "service", ()) for w in cluster.workloads]
    shared = [[i for i in (*found.leaves, *found.comes) if i.shared] for found in lists]
    assert shared[0] == shared[1] and len(shared[0]) == 4
    assert all(item.evidence for found in lists for item in (*found.leaves, *found.comes))


def test_nothing_leaves_with_what_stays():
    cluster = cluster_of(PLAIN)
    found = toil(cluster.workloads[0], cluster, "none", ())
    assert (found.leaves, found.comes) == ((), ())


TARGETS = {
    "service": "concurrency, instances and cold starts",
    "worker-pool": "instance count of the worker pool",
}


@pytest.mark.parametrize(("target", "item"), TARGETS.items(), ids=TARGETS)
def test_what_a_target_brings(target, item):
    cluster = cluster_of(PLAIN)
    assert item in hours(toil(cluster.workloads[0], cluster, target, ()).comes)


def test_what_a_finding_brings():
    cluster = cluster_of(PLAIN)
    findings = [
        change("scratch-on-disk"),
        change("exec-probe"),
        change("something-new"),
        Finding("n", "note", None, "m"),
    ]
    found = hours(toil(cluster.workloads[0], cluster, "service", findings).comes)
    assert found["what changes by scratch-on-disk"] == OF_RULE["scratch-on-disk"].hours_month
    assert found["what changes by something-new"] == TOIL.changed_feature
    assert "what changes by exec-probe" not in found and "what changes by n" not in found


def test_what_stays_behind_needs_a_path():
    cluster = cluster_of(PLAIN)
    edges = [
        Dependency("shop/Deployment/web", target, "http", inside, None, None, None, "env", "$")
        for target, inside in (("shop/Deployment/api", True), ("shop/Deployment/api", True), ("example.com", False))
    ]
    found = toil(cluster.workloads[0], cluster, "service", (), edges)
    assert hours(found.comes)["path between the two platforms"] == TOIL.path_between_platforms


def days(*findings, config=None):
    return effort_days(cluster_of(PLAIN).workloads[0], findings, config)


def test_the_days_of_a_move_add_up():
    assert days() == EFFORT.workload
    assert days(Finding("x", "note", None, "m")) == EFFORT.workload
    assert days(change("exec-probe")) == EFFORT.workload + OF_RULE["exec-probe"].effort_days
    assert days(change("something-new")) == EFFORT.workload + EFFORT.change
    twice = OF_RULE["exec-probe"].effort_days * (1 + EFFORT.repeated)
    assert days(change("exec-probe", "$.a"), change("exec-probe", "$.b")) == pytest.approx(
        EFFORT.workload + twice, abs=0.01
    )


def test_more_findings_never_take_fewer_days():
    findings = [change(rule) for rule in OF_RULE]
    totals = [days(*findings[:count]) for count in range(len(findings) + 1)]
    assert totals == sorted(totals)


def test_every_rate_is_of_a_rule_that_there_is():
    assert set(OF_RULE) <= set(all_rules())


def test_a_persons_word_on_the_days_stands():
    config = Config(workloads={"shop/Deployment/web": WorkloadSettings(effort_days=7.0)})
    assert days(change("exec-probe"), config=config) == 7.0


def test_the_rates_are_the_config_s():
    rates = Rates(
        toil=ToilRates(cluster_upgrade=9.0, changed_feature=3.0),
        effort=EffortRates(workload=2.0),
        rules={"exec-probe": RuleRates(effort_days=5.0, hours_month=7.0)},
    )
    cluster = cluster_of(PLAIN)
    findings = [change("exec-probe"), change("something-new")]
    found = toil(cluster.workloads[0], cluster, "service", findings, rates=rates)
    assert hours(found.leaves)["cluster upgrades"] == 9.0
    assert hours(found.comes)["what changes by exec-probe"] == 7.0
    assert hours(found.comes)["what changes by something-new"] == 3.0
    assert days(*findings, config=Config(rates=rates)) == 2.0 + 5.0 + EFFORT.change
