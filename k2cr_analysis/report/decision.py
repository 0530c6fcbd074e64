"""What the whole comes to: one sentence, what would change it, and what each of the futures would cost a month."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from k2cr_analysis.report.display import Html, breaking, bullets, folded, joined
from k2cr_analysis.report.wording import UNKNOWN, between, money

if TYPE_CHECKING:
    from decimal import Decimal

    from k2cr_analysis.planning import Portfolio
    from k2cr_analysis.planning.futures.futures import Future

FUTURES = {
    "today": ("Today", "the bill as it is"),
    "stay": ("Stay, and right-size", "no move: the same workloads on what they really use"),
    "move": ("Move the plan", "the plan on Cloud Run, the rest on a smaller cluster"),
    "leave": ("Leave GKE", "no cluster: what cannot move goes to managed services"),
}
_REASONS = 2  # on a tile; all of them are listed below
_SEVERAL = "The bills are in several currencies, and no sum is made over them: each cluster has its own plan."


def decision(portfolio: Portfolio) -> str:
    """One sentence for whoever decides."""
    return _SEVERAL if portfolio.answer is None else portfolio.answer.sentence


def turning(portfolio: Portfolio) -> str:
    """What would change the decision, each taken alone; empty where nothing is known to."""
    turns = portfolio.answer.turns if portfolio.answer else ()
    listed = "; ".join(f"{turn.of}: {turn.at}" for turn in turns)
    return f"The decision changes, by one of these alone, at: {listed}." if listed else ""


def futures_shown(portfolio: Portfolio) -> tuple[Future, ...]:
    """Each future once, packed, in the order of the question."""
    packed = {f.future: f for f in portfolio.futures if f.headroom == "packed" or f.future == "today"}
    return tuple(packed[name] for name in FUTURES if name in packed)


def futures_tiles(portfolio: Portfolio) -> Html:
    """The futures beside each other; the cheapest that is known stands out."""
    futures = futures_shown(portfolio)
    if not futures:
        return Html("", "")
    known = [future.month for future in futures if future.month is not None]
    least = min(known) if known else None
    cells = "".join(_tile(future, futures[0], portfolio.currency, future.month == least) for future in futures)
    text = "\n".join(f"{FUTURES[f.future][0]}: {money(f.month, portfolio.currency)} a month" for f in futures)
    missing = [f"{FUTURES[f.future][0]}: {line}" for f in futures for line in f.missing]
    listed = folded("What keeps a future from being reached, or its figure from being known", bullets(missing))
    return joined([Html(f'<div class="tiles futures">{cells}</div>', text), *([listed] if missing else [])])


def _tile(future: Future, today: Future, currency: str, is_least: bool) -> str:
    label, what = FUTURES[future.future]
    chosen = " chosen" if is_least and future.month is not None else ""
    month = UNKNOWN if future.month is None else money(future.month, currency, cents=False)
    lines = [what]
    if future.future != "today" and future.month is not None and today.month is not None:
        lines.insert(0, _beside_today(today.month - future.month, currency))
    if future.future in ("move", "leave") and future.saving_over_stay_month is not None:
        over = money(future.saving_over_stay_month, currency, cents=False, sign=True)
        lines.append(f"{over} over staying{between(future.interval, currency)}")
    if future.hours_month is not None:
        lines.append(f"{future.hours_month:g} hours of work a month")
    if future.effort_days:
        lines.append(_days(future))
    if future.month is None and future.at_least_month:
        lines.insert(0, f"at least {money(future.at_least_month, currency, cents=False)}")
    lines += [reason.partition(":")[0] for reason in future.missing[:_REASONS]]
    if len(future.missing) > _REASONS:
        lines.append(f"{len(future.missing) - _REASONS} more below")
    under = "".join(f"<div>{breaking(line)}</div>" for line in lines)
    return (
        f'<div class="tile{chosen}"><div class="label">{escape(label)}</div>'
        f'<div class="value">{escape(month)}</div><div class="under">{under}</div></div>'
    )


def _days(future: Future) -> str:
    days = f"{future.effort_days:g} days of work once"
    sizing = round((future.effort_days or 0) - future.moving_days, 6)
    return f"{days}: {future.moving_days:g} to move, {sizing:g} to right-size the rest" if future.moving_days else days


def _beside_today(less: Decimal, currency: str) -> str:
    """A sign before a saving is read as a cost by half of its readers, so words say which of the two it is."""
    return f"{money(abs(less), currency, cents=False)} a month {'less' if less >= 0 else 'more'} than today"
