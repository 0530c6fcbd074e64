"""``k2cr prices``: the price book."""

from __future__ import annotations

from typing import Annotated

import typer

from k2cr_analysis.cli.output import Format, FormatOption, OutOption, as_csv, as_json, as_table, give

_SHOWN = ("meter", "consumption_model", "rate", "currency", "unit", "effective_date", "source")


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.callback()(_prices)
    group.command("show", help="Every price of a region, with its date and source.")(_show)
    app.add_typer(group, name="prices", help="The price book.")


def _prices() -> None:
    """The price book: what k2cr multiplies with, and where each price was read."""


def _show(
    region: Annotated[str, typer.Option(help="Region, such as asia-northeast1.")],
    format: FormatOption = Format.TABLE,  # noqa: A002 (the option's name is in the contract)
    out: OutOption = None,
) -> None:
    from k2cr_analysis.model.prices import PriceBook
    from k2cr_analysis.report.price_documents import price_rows

    rows = price_rows(PriceBook.embedded().of_region(region))
    if format is Format.JSON:
        give(as_json({"region": region, "prices": rows}), out)
    elif format is Format.CSV:
        give(as_csv(tuple(rows[0]), [tuple(row.values()) for row in rows]), out)
    else:
        give(as_table(_SHOWN, [[row[name] for name in _SHOWN] for row in rows], right=(2,)), out)
