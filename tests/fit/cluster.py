"""Manifests of a case as a cluster, and what fit says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from k2cr_analysis.config import load_config
from k2cr_analysis.config.settings import Config
from k2cr_analysis.errors import Location
from k2cr_analysis.fit import Fit, assess_cluster
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.parse.cluster import parse_cluster, workload_id
from k2cr_analysis.openapi.validate import as_server_reads
from k2cr_analysis.snapshot import Notice, SnapshotObject

SHARED = Path(__file__).resolve().parents[3] / "shared"


def cluster_of(documents: Iterable[Mapping[str, Any]]) -> Cluster:
    """The documents as a snapshot would hold them: without the values that Kubernetes refuses."""
    read = [as_server_reads(dict(d)) for d in documents]
    problems = [
        Notice("refused", None, None, None, p.path, p.found, p.expected, p.do, workload_id(obj))
        for obj, found in read
        for p in found
    ]
    # Stands in a case for what the API refused when the snapshot was made.
    unread = [kind for obj, _ in read if obj.get("kind") == "Unread" for kind in obj["kinds"]]
    objects = [SnapshotObject(obj, Location("test.yaml", i)) for i, (obj, _) in enumerate(read) if "kinds" not in obj]
    return parse_cluster(objects, problems, unread=unread)


def fits_of(documents: Iterable[Mapping[str, Any]], config: Config | None = None) -> Mapping[str, Fit]:
    """Fit of every workload in ``documents``, by id."""
    return assess_cluster(cluster_of(documents), config or Config())


def fit_of(*documents: Mapping[str, Any], config: Config | None = None) -> Fit:
    """Fit of the first workload, in the order of the ids."""
    return next(iter(fits_of(documents, config).values()))


def read_case(case: Path) -> tuple[list[dict[str, Any]], Config]:
    """The documents of a case, and the config that stands beside it, if one does."""
    documents = [d for d in yaml.safe_load_all(case.read_text(encoding="utf-8")) if d]
    beside = case.with_suffix(".toml")
    return documents, load_config(beside) if beside.exists() else Config()


def rules_of(fit: Fit) -> set[str]:
    return {f.rule for f in fit.findings}


def deployment(*containers: Mapping[str, Any], **pod: Any) -> dict[str, Any]:
    """A Deployment ``shop/Deployment/web``; without containers, of one that listens on 8080."""
    plain = {"name": "web", "image": "us-docker.pkg.dev/shop/apps/web:1", "ports": [{"containerPort": 8080}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": list(containers) or [plain], **pod},
            },
        },
    }


def container(name: str = "web", **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": f"us-docker.pkg.dev/shop/apps/{name}:1", **fields}


def service(*ports: Mapping[str, Any], **spec: Any) -> dict[str, Any]:
    """A Service ``web`` that selects the Deployment; without ports, 80 to 8080."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "selector": {"app": "web"},
            "ports": list(ports) or [{"name": "http", "port": 80, "targetPort": 8080}],
            **spec,
        },
    }
