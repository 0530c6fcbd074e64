"""``k2cr prices``: the price book."""

from __future__ import annotations

from typing import Annotated, Literal

import typer


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    group.callback()(_prices)
    group.command("show", help="Every price of a region, with its date and source.")(_show)
    app.add_typer(group, name="prices", help="The price book.")


def _prices() -> None:
    """The price book: what k2cr multiplies with, and where each price was read."""


def _show(
    region: Annotated[str, typer.Option(help="Region, such as asia-northeast1.")],
    output_format: Annotated[
        Literal["table", "json", "csv"], typer.Option("--format", help="Form of the result.")
    ] = "table",
) -> None:
    from k2cr_analysis.cost.present import prices_as_csv, prices_as_json, prices_as_text
    from k2cr_analysis.model.prices import PriceBook

    prices = PriceBook.embedded().of_region(region)
    forms = {"table": prices_as_text, "json": prices_as_json, "csv": prices_as_csv}
    print(forms[output_format](prices))
