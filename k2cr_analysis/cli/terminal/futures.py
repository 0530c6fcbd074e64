"""The four futures in the terminal: side by side, the ways to stay, the ways out, and what would turn the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from k2cr_analysis.cli.terminal.output import as_table
from k2cr_analysis.listing import in_fleet
from k2cr_analysis.model.money import Interval, plain_amount, sign_may_flip

if TYPE_CHECKING:
    from k2cr_analysis.planning.futures.answer import Answer
    from k2cr_analysis.planning.futures.futures import Future
    from k2cr_analysis.planning.futures.ways_out import WayOut

FUTURES = (
    "future",
    "headroom",
    "GKE/month",
    "Cloud Run",
    "managed",
    "in sum",
    "over staying",
    "95 %",
    "hours/month",
    "days once",
    "how",
)
_WAYS = ("ways to stay, no move at all", "month", "how", "does not count, since")
_OUT = ("to leave GKE", "goes to", "size", "month", "at most", "why not known")
_TURNS = ("what would turn the answer", "at")


def futures_table(futures: Sequence[Future], currency: str = "") -> str:
    """One row a future; what is missing of one stands under the table."""
    text = as_table(FUTURES, [future_row(f, currency) for f in futures], right=(2, 3, 4, 5, 6, 8, 9))
    said = dict.fromkeys(f"{f.future}: {why}" for f in futures for why in f.missing)
    return text + "".join(f"{line}\n" for line in said)


def future_row(future: Future, currency: str = "") -> tuple[object, ...]:
    month = _cents(future.month, currency) or f"at least {_cents(future.at_least_month, currency)}"
    return (
        future.future,
        future.headroom,
        _cents(future.gke_month, currency),
        _cents(future.cloud_run_month, currency),
        _cents(future.managed_month, currency),
        month,
        _cents(future.saving_over_stay_month, currency),
        interval_text(future.interval, currency),
        None if future.hours_month is None else f"{future.hours_month:g}",
        None if future.effort_days is None else f"{future.effort_days:g}",
        future.variant,
    )


def interval_text(interval: Interval | None, currency: str) -> str | None:
    """``12.00 to 30.00``, with a word where the sign of the saving may be the other."""
    if interval is None:
        return None
    low, high = (plain_amount(end, currency) for end in interval)
    return f"{low} to {high}{', sign may flip' if sign_may_flip(interval) else ''}"


def ways(futures: Sequence[Future], currency: str = "") -> Iterator[str]:
    """The ways to stay, packed; and the ways out of what is blocked."""
    for stay in (f for f in futures if f.future == "stay" and f.headroom == "packed"):
        several = len({o.cluster for o in stay.options}) > 1
        rows = [
            (in_fleet(o.cluster, o.name, several=several), _cents(o.month, currency), o.how, o.why_not)
            for o in stay.options
        ]
        yield as_table(_WAYS, rows, right=(1,))
    for leave in (f for f in futures if f.future == "leave" and f.headroom == "packed" and f.ways_out):
        many = len({w.cluster for w in leave.ways_out}) > 1
        out = [
            (
                in_fleet(w.cluster, w.id, several=many),
                w.to,
                w.size,
                _month_of(w, currency),
                _cents(w.high_month, currency) or "",
                w.reason,
            )
            for w in leave.ways_out
        ]
        yield as_table(_OUT, out, right=(3, 4))


def _month_of(way: WayOut, currency: str) -> str | None:
    if way.month is None and way.at_least_month:
        return f"at least {plain_amount(way.at_least_month, currency)}"
    return _cents(way.month, currency)


def answer_text(answer: Answer) -> str:
    """The sentence, the first mover, and what would turn it, one line each."""
    lines = [answer.sentence]
    if answer.first_mover is not None:
        lines.append(f"Try first: {answer.first_mover.id} ({answer.first_mover.why}).")
    text = "\n".join(lines) + "\n"
    if answer.turns:
        text += "\n" + as_table(_TURNS, [(turn.of, turn.at) for turn in answer.turns])
    return text


def _cents(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else plain_amount(amount, currency)
