"""A DataFrame as a table of a page: headings, units and number formats from the declared columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from k2cr_analysis.listing import first_of
from k2cr_analysis.report.display import VERDICT_WORDS, Html, note, with_code
from k2cr_analysis.report.tables.columns import COLUMNS, Column
from k2cr_analysis.report.wording import milliseconds, money, share

if TYPE_CHECKING:
    import pandas as pd

_RIGHT = {"money", "exact", "number", "share", "ms", "hours", "count"}
_MOST_LISTED = 40
_PLACES_SHOWN = 3
# A frame that scrolls is reached by the keyboard, and told by what it holds.
SCROLLS = '<div class="scroll" tabindex="0" role="group" aria-label="table">'
_DASH = '<span class="none">–</span>'


def show(frame: pd.DataFrame, empty: str = "Nothing to list.", *, without: tuple[str, ...] = ()) -> Html:
    """The whole table. Columns without a single value are left out, as are those of ``without`` and the currency's own.

    ``empty`` is said where the table has no row.
    """
    if frame.empty:
        return note(empty)
    hidden = {*without, "currency", *(("path", "places") if "message" in frame else ())}
    if "cluster" in frame and "workload_id" in frame and frame["cluster"].nunique(dropna=False) < 2:
        hidden.add("cluster")  # of one cluster alone it would say the same in each row
    names = [n for n in frame.columns if n not in hidden and frame[n].notna().any()]
    columns = [COLUMNS[name] for name in names]
    currencies = frame["currency"] if "currency" in frame else [None] * len(frame)
    head = "".join(
        f'<th class="{_align(c)}" title="{escape(_help(c))}">{escape(c.heading)}{_unit(c)}</th>' for c in columns
    )
    # A finding's places in the object stand under its message, where they take no column.
    places = frame["places"] if "places" in frame else [None] * len(frame)
    body = "".join(
        "<tr>" + "".join(_cell(c, value, currency, place) for c, value in zip(columns, row, strict=True)) + "</tr>"
        for row, currency, place in zip(
            frame[names].itertuples(index=False, name=None), currencies, places, strict=True
        )
    )
    table = f'{SCROLLS}<table class="rows"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    return Html(table, frame.to_string())


def _align(column: Column) -> str:
    return "right" if column.form in _RIGHT else ""


def _help(column: Column) -> str:
    return f"{column.name}: {column.doc}" + (f" [{column.unit}]" if column.unit else "")


def _unit(column: Column) -> str:
    short = {"currency/month": "a month", "hours/month": "h a month"}.get(column.unit, column.unit)
    shown = column.form in ("number", "money", "hours") and short
    return f' <span class="unit">{escape(short)}</span>' if shown else ""


def _cell(column: Column, value: Any, currency: Any, place: Any) -> str:
    text = _text(column, value, currency)
    if column.name == "message" and place:
        more = f" and {len(place) - _PLACES_SHOWN} more places" if len(place) > _PLACES_SHOWN else ""
        text += f'<div class="place">{escape(", ".join(place[:_PLACES_SHOWN]) + more)}</div>'
    kind = " ".join(c for c in (_align(column), _WIDTHS.get(column.name, "")) if c)
    label = f' data-label="{escape(column.heading)}"'
    return f'<td class="{kind}"{label}>{text}</td>' if kind else f"<td{label}>{text}</td>"


# How much room a column of text needs before it breaks its lines.
_WIDTHS = {
    "workload_id": "id",
    "rule": "id",
    "message": "long",
    "remediation": "long",
    "sku": "medium",
    "made_of": "medium small",
    "price_source": "medium small",
    "price_date": "whole",
    "workload_ids": "medium small",
    "evidence": "long",
    "kept_by": "medium small",
    "why": "long",
    "side": "whole",
    "item": "medium",
}


def _text(column: Column, value: Any, currency: Any) -> str:
    if _absent(value):
        return _DASH
    if column.name in ("verdict", "severity"):
        return f'<span class="chip {escape(str(value))}">{escape(VERDICT_WORDS.get(value, str(value)))}</span>'
    if column.name in ("workload_id", "workload_ids", "depends_on"):
        many = value if isinstance(value, list) else [value]
        return _listed([f'<span class="workload">{escape(str(one))}</span>' for one in many])
    if column.name == "rule":
        return f'<span class="rule">{escape(str(value))}</span>'
    return with_code(_plain(column, value, currency))


def _plain(column: Column, value: Any, currency: Any) -> str:
    if column.form == "money":
        return money(value, currency or "")
    words = _WORDS.get(column.form)
    return words(value) if words else str(value)


def exact(value: Decimal) -> str:
    """A Decimal in plain notation, up to nine decimals, without trailing zeros; thousands are set apart."""
    rounded = round(value, 9)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _listed(items: Sequence[str]) -> str:
    """The first few of a long list; the frame has them all."""
    return first_of(items, _MOST_LISTED)


_WORDS: dict[str, Callable[[Any], str]] = {
    "exact": exact,
    "number": lambda value: f"{value:,.4g}" if value < 1000 else f"{value:,.0f}",
    "count": lambda value: f"{int(value):,}",
    "time": lambda value: f"{value:%Y-%m-%d}" if (value.hour, value.minute) == (0, 0) else f"{value:%Y-%m-%d %H:%M}",
    "share": share,
    "ms": milliseconds,
    "hours": lambda value: f"{value:.1f}",
    "flag": lambda value: "yes" if value else "",
    "list": lambda value: _listed([str(one) for one in value]) or "–",
}


def _absent(value: Any) -> bool:
    return value is None or value is pd_missing() or (isinstance(value, float) and value != value)


@cache
def pd_missing() -> Any:
    """What pandas puts where a whole number is not known."""
    import pandas as pd

    return pd.NA
