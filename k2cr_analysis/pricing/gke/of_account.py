"""What is a billing account's and no cluster's: over a fleet it counts once, with the first cluster that has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class OfAccount:
    """What of it is counted with one cluster.

    ``unlabelled``: rows of its project's bill that name no cluster, and the project's commitments. ``credit_used``:
    what other clusters have had already of the account's credit for management fees, by currency.
    """

    unlabelled: bool = True
    credit_used: Mapping[str, Decimal] = field(default_factory=dict)


ALONE = OfAccount()
