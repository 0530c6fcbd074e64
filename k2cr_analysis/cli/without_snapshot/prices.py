"""``k2cr prices``: the price book."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k2cr_analysis.cli.terminal.output import Format, FormatOption, OutOption, as_document, as_rows, as_table, give
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption, say, say_all

if TYPE_CHECKING:
    from k2cr_analysis.sources.catalog.book import Change

_SHOWN = ("meter", "consumption_model", "rate", "currency", "unit", "effective_date", "source")


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.callback()(_prices)
    group.command("show", help="Every price of a region, with its date and source.")(_show)
    group.command("refresh", help="Read the Cloud Billing Catalog, show what changed, and write a price book.")(
        _refresh
    )
    app.add_typer(group, name="prices", help="The price book.")


def _prices() -> None:
    """The price book: what k2cr multiplies with, and where each price was read."""


def _show(
    region: Annotated[str, typer.Option(help="Region, such as asia-northeast1.")],
    format: FormatOption = Format.TABLE,  # noqa: A002 (the option's name is in the contract)
    out: OutOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.model.prices import PriceBook
    from k2cr_analysis.report.json.price_documents import price_rows

    rows = price_rows(PriceBook.embedded().of_region(region))
    if format.is_document:
        give(as_document({"region": region, "prices": rows}, format), out)
    elif format.is_rows:
        give(as_rows(tuple(rows[0]), [tuple(row.values()) for row in rows], format), out)
    else:
        give(as_table(_SHOWN, [[row[name] for name in _SHOWN] for row in rows], right=(2,)), out)


def _refresh(
    out: Annotated[Path | None, typer.Option(help="Write the book here; default: the user's data folder.")] = None,
    currency: Annotated[str, typer.Option(help="ISO 4217 code of the bill's currency.")] = "USD",
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    from k2cr_analysis.model.prices import PriceBook
    from k2cr_analysis.sources.catalog.book import changes, refreshed
    from k2cr_analysis.sources.catalog.client import read_skus
    from k2cr_analysis.sources.catalog.meters import SERVICES
    from k2cr_analysis.sources.catalog.price_file import default_path, price_file

    found = refreshed(read_skus(SERVICES, currency), currency)
    give(_changes_text(changes(PriceBook.embedded(), found.book)), None)
    say(f"{len(found.unclassified)} SKUs are no known meter" + (":" if found.unclassified else ""))
    say_all([f"  {sku.sku_id}  {sku.description}: {sku.why}" for sku in found.unclassified])
    give(price_file(found.book), out or default_path())
    say("`k2cr collect --prices catalog` puts these prices into a snapshot")


def _changes_text(found: Sequence[Change]) -> str:
    rows = []
    for change in found:
        percent = None
        if change.before and change.after is not None:
            percent = f"{(change.after / change.before - 1) * 100:+.1f} %"
        rows.append(
            [change.meter, change.region, change.consumption_model, change.before, change.after, percent, change.unit]
        )
    header = ("meter", "region", "consumption_model", "before", "after", "change", "unit")
    return as_table(header, rows, right=(3, 4, 5)) if rows else "no price differs from the embedded book\n"
