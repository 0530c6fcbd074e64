"""What the snapshot's sources did not give."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule

_RBAC = "https://docs.cloud.google.com/kubernetes-engine/docs/how-to/role-based-access-control"
_SHOWN = 6


@rule(id="kind-not-read", severity="change", reads=(), docs=_RBAC)
def kind_not_read(candidate: Candidate) -> Iterator[Found]:
    """The cluster was asked for kinds of objects and did not give them.

    Why: What a verdict rests on may be among them: a Service, an Ingress, a policy or a ConfigMap that nobody saw is
    not one that is not there.
    Remedy: Give the reader the ClusterRole of `data/rbac.yaml` (or `roles/container.viewer`), and run the same
    `k2cr collect` again: what it has is kept, and the kinds that were refused are asked for again.
    Example: services: not readable: services is forbidden: User "reader" cannot list resource "services"
    """
    unread = sorted(candidate.index.unread)
    if unread:
        more = f" and {len(unread) - _SHOWN} more" if len(unread) > _SHOWN else ""
        yield Found("$", f"the cluster did not give: {', '.join(unread[:_SHOWN])}{more}")
