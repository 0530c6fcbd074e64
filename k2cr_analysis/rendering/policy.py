"""House rules of ``[policy]``: applied while the value is built, and reported where they change something."""

from __future__ import annotations

from collections.abc import Mapping

from k2cr_analysis.config.settings import Policy


def with_required_labels(labels: Mapping[str, str], policy: Policy) -> dict[str, str]:
    """The house's labels stand beside the workload's own, and win."""
    return dict(sorted({**labels, **policy.required_labels}.items()))


def instances(smallest: int, largest: int, policy: Policy) -> tuple[int, int, str | None]:
    """(min, max, why) within the house's bounds: at least ``min_instances``, at most ``max_instances``."""
    low = max(smallest, policy.min_instances or 0)
    high = min(largest, policy.max_instances) if policy.max_instances else largest
    low = min(low, policy.max_instances) if policy.max_instances else low
    high = max(high, low, 1)
    if (low, high) == (smallest, largest):
        return low, high, None
    return (
        low,
        high,
        f"[policy] keeps it between {policy.min_instances or 0} and {policy.max_instances or 'any number'}; "
        f"without it {smallest} to {largest}",
    )
