"""What was read of one kind, as a chunk that can be kept and read back. It is redacted before it reaches the disk."""

from __future__ import annotations

import json
from dataclasses import asdict

from k2cr_analysis.errors import Location
from k2cr_analysis.snapshot.objects import SnapshotObject
from k2cr_analysis.snapshot.provenance import Notice
from k2cr_analysis.sources.checkpoint import chunk_name
from k2cr_analysis.sources.cluster_api.discovery import Served
from k2cr_analysis.sources.cluster_api.listed_kinds import Resource
from k2cr_analysis.sources.cluster_api.read import KindObjects


def name_of(kind: Served) -> str:
    return chunk_name("objects", str(kind.resource))


def to_bytes(found: KindObjects) -> bytes:
    content = asdict(found) | {
        "objects": [item.object for item in found.objects],
        "kind": [*asdict(found.kind.resource).values(), found.kind.api_version, found.kind.kind],
    }
    return json.dumps(content, sort_keys=True).encode("ascii")


def from_bytes(content: bytes) -> KindObjects:
    found = json.loads(content)
    group, plural, api_version, kind = found["kind"]
    served = Served(Resource(group, plural), api_version, kind)
    return KindObjects(
        served,
        tuple(SnapshotObject(obj, Location(served.path)) for obj in found["objects"]),
        tuple(Notice(**notice) for notice in found["problems"]),
        found["redacted_values"],
        found["gap"],
        found["forbidden"],
    )
