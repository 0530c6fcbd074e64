"""Values that Kubernetes itself would refuse."""

from __future__ import annotations

from collections.abc import Iterator

from k2cr_analysis.fit.candidate import Candidate
from k2cr_analysis.fit.registry import Found, rule


@rule(
    id="refused-value",
    severity="change",
    reads=(),
    docs="https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation",
)
def refused_value(candidate: Candidate) -> Iterator[Found]:
    """Kubernetes would refuse a value of the object, so it was read without it.

    Why: Mostly a placeholder that nobody filled in, such as `${REPLICAS}`. What it stands for may decide the verdict,
    the size or the ports.
    Remedy: Fill in the value (envsubst, helm template, kubectl kustomize) and collect again.
    Example: containerPort: "${PORT}"
    """
    for value in candidate.workload.refused:
        yield Found(value.path, f"Kubernetes would refuse {value.found}: it takes {value.expected}", value.do or None)
