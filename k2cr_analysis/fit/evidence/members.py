"""Clients that go on from a Service's name to its single pods: brokers, members of replica sets and clusters.

One internal load balancer and one name in front of them is not enough then: each member needs an address that resolves
where the client runs. Source: kafka.apache.org, ``advertised.listeners``; MongoDB, "Connection Strings" (replicaSet);
redis.io, "Redis cluster specification" (MOVED), "Sentinel clients"; Cassandra's drivers, "Contact points".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from k2cr_analysis.fit.cluster_index import ClusterIndex
from k2cr_analysis.model.addresses.given_values import values_of
from k2cr_analysis.model.addresses.names import words_of_name
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.dependency import Dependency
from k2cr_analysis.model.parse.access import mapping
from k2cr_analysis.model.workload import Workload

_KAFKA_PORTS, _SENTINEL_PORT, _CASSANDRA_PORT = (9092, 9093, 9094), 26379, 9042
_KAFKA_SCHEMES = ("kafka", "plaintext", "sasl_plaintext", "sasl_ssl")
_REPLICA_SET = re.compile(r"[?&;\s]replicaSet=", re.IGNORECASE)
_ADVERTISED = re.compile(r"advertised", re.IGNORECASE)
_CLUSTER_MODE = re.compile(r"cluster-enabled[ =]+yes")


def goes_on_to_members(edge: Dependency, cluster: Cluster, index: ClusterIndex) -> Dependency:
    """The edge with the reason why its client goes on to the single pods, where it does."""
    # What the mesh counts is HTTP: no client of brokers or members.
    if not edge.in_cluster or not edge.service or edge.only_counted:
        return edge
    return replace(edge, members=next(_reasons(edge, cluster, index), None))


def _reasons(edge: Dependency, cluster: Cluster, index: ClusterIndex) -> Iterator[str]:
    behind = cluster.by_id.get(edge.target)
    words = _words(edge)
    if edge.pods:
        yield f"it names the pods {', '.join(edge.pods)} of the headless Service themselves"
    if "kafka" in words or _is_kafka(edge):
        if behind is None or not _advertises_service(behind, edge):
            yield "a Kafka client goes on to the addresses that the brokers advertise"
        return
    texts = [a.text for a in edge.addresses]
    if any(_REPLICA_SET.search(text) for text in texts) or any(a.scheme == "mongodb+srv" for a in edge.addresses):
        yield "a MongoDB client goes on to the members of the replica set, by the names that the set has for them"
    if edge.port == _SENTINEL_PORT or "sentinel" in words or "sentinels" in words:
        yield "a Sentinel client goes on to the address that Sentinel gives for the master"
    if edge.kind == "cache" and (_asks_for_cluster(edge) or (behind is not None and _is_redis_cluster(behind))):
        yield "a Redis Cluster client goes on to the node that has the key"
    if edge.port == _CASSANDRA_PORT or "cassandra" in words:
        yield "a Cassandra driver goes on from the contact points to every node"
    raw = index.services.get(edge.namespace or "", {}).get(edge.service or "", {})
    headless = mapping(raw, "spec").get("clusterIP") == "None"
    if headless and edge.kind in ("database", "cache", "queue") and behind is not None and (behind.replicas or 0) > 1:
        yield f"the headless Service gives the addresses of {behind.replicas} pods, which are not alike"


def _words(edge: Dependency) -> set[str]:
    named = [edge.service or "", *(a.place.name for a in edge.addresses)]
    return {w for name in named for w in words_of_name(name)}


def _is_kafka(edge: Dependency) -> bool:
    schemes = {a.scheme for a in edge.addresses}
    return bool(schemes & set(_KAFKA_SCHEMES)) or (edge.port in _KAFKA_PORTS and edge.kind == "queue")


def _asks_for_cluster(edge: Dependency) -> bool:
    names = [set(words_of_name(a.place.name)) for a in edge.addresses]
    return any("cluster" in words or "nodes" in words for words in names)


def _is_redis_cluster(behind: Workload) -> bool:
    values = (v for c in behind.pod.containers for v in values_of(behind, c))
    return any(_CLUSTER_MODE.search(v.whole) or (v.name.endswith("cluster-enabled") and v.text != "no") for v in values)


def _advertises_service(behind: Workload, edge: Dependency) -> bool:
    """Whether a single broker advertises the full name of its Service: that name keeps resolving."""
    if (behind.replicas or 1) > 1:
        return False
    full = f"{edge.service}.{edge.namespace}.svc"
    values = (v for c in behind.pod.containers for v in values_of(behind, c) if _ADVERTISED.search(v.name))
    return any(f"//{full}" in v.text or f"//{full}.cluster.local" in v.text for v in values)
