"""A refreshed price book as a file: CSV with the columns of the embedded one."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

from k2cr_analysis.model.prices import Price, PriceBook


def default_path() -> Path:
    """``prices.csv`` in the user's data folder (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "k2cr" / "prices.csv"


def price_file(book: PriceBook) -> str:
    """The text of the file."""
    names = [field.name for field in fields(Price)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for price in book.prices:
        writer.writerow([_cell(getattr(price, name)) for name in names])
    return text.getvalue()


def _cell(value: object) -> object:
    return f"{value:f}" if isinstance(value, Decimal) else "" if value is None else value
