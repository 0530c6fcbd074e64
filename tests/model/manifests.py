"""Manifests written in a test, as a cluster."""

from __future__ import annotations

from textwrap import dedent

import yaml

from k2cr_analysis.errors import Location
from k2cr_analysis.model.cluster import Cluster
from k2cr_analysis.model.parse.cluster import parse_cluster
from k2cr_analysis.snapshot import SnapshotObject


def cluster_of(*texts: str) -> Cluster:
    """A cluster of the YAML documents in ``texts``; ``Location.line`` counts documents."""
    documents = [d for text in texts for d in yaml.safe_load_all(dedent(text)) if d]
    return parse_cluster(SnapshotObject(d, Location("test.yaml", i)) for i, d in enumerate(documents))
