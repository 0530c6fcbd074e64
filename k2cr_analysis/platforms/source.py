"""Where a fact comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A page, schema or file that states a fact, its version where it has one, and the day (ISO 8601) it was read.

    ``read`` None: where the fact is documented, but nobody has read it there; ``unconfirmed`` then says so, and why the
    fact is used all the same.
    """

    url: str
    read: str | None
    version: str = ""
    unconfirmed: str = ""


def skills(path: str) -> Source:
    """A file of google/skills: what Google tells those who work on GKE and Cloud Run for others."""
    return Source(f"https://github.com/google/skills/blob/1af7775/{path}", "2026-12-01", "2026-08-21")


def ingress_gce(path: str) -> Source:
    """A file of kubernetes/ingress-gce: GKE's controller of Ingresses, endpoint groups and load balancers."""
    return Source(f"https://github.com/kubernetes/ingress-gce/blob/acbcf5d66/{path}", "2026-12-01", "2026-08-21")


def recipes(path: str) -> Source:
    """A file of gke-networking-recipes: Google's samples, with what a cluster prints."""
    base = "https://github.com/GoogleCloudPlatform/gke-networking-recipes/blob/cce1618"
    return Source(f"{base}/{path}", "2026-12-01", "2025-03-25")


# kubernetes.io's text as its repository holds it.
WELL_KNOWN_LABELS = Source(
    "https://kubernetes.io/docs/reference/labels-annotations-taints/", "2026-12-01", "kubernetes/website 00a7fc2"
)
