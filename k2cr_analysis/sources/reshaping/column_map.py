"""Another program's export of usage, by a map that the user writes (``--usage-columns MAP.toml``).

::

    [columns]                                  # our column = theirs
    namespace_name = "namespace"
    top_level_controller_name = "workload"
    top_level_controller_type = "kind"
    container_name = "container"
    end_time = "ts"                            # ISO 8601, or seconds or milliseconds since 1970

    [constants]                                # what the file does not say
    period_s = 300
    time_is = "start"                          # of the period; without it, "end"

    [values.top_level_controller_type]         # theirs = ours
    deploy = "Deployment"

    [[series]]                                 # a row of the file gives one row for each series
    column = "cpu_millicores"
    factor = 0.001                             # to cores, bytes or counts
    metric_type = "kubernetes.io/container/cpu/core_usage_time"
    aligner = "ALIGN_RATE"
    reducer = "REDUCE_MAX"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.named_file import named_text
from k2cr_analysis.snapshot.tables import USAGE
from k2cr_analysis.sources.reshaping.reshape import Row, moment, number, refused

_COLUMNS: Final = tuple(USAGE.schema.names)
_TIME_IS: Final = "time_is"
_SERIES_KEYS: Final = ("column", "factor", *_COLUMNS)
_TABLES: Final = ("columns", "constants", "values", "series")


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """See :class:`k2cr_analysis.sources.reshaping.reshape.Reshape`.

    ``columns``: our name -> theirs; ``values``: our column -> their value -> ours; ``series``: of each, our values, and
    its ``column`` and ``factor``.
    """

    columns: Mapping[str, str]
    constants: Mapping[str, Any]
    values: Mapping[str, Mapping[str, str]]
    series: tuple[Mapping[str, Any], ...]

    def rows_of(self, row: Row, where: Location) -> Iterator[dict[str, Any]]:
        missing = [theirs for theirs in (*self.columns.values(), *self._value_columns) if theirs not in row]
        if missing:
            raise refused(
                where, f"no column {missing[0]!r}", f"one of {', '.join(map(str, row))}", "mend --usage-columns"
            )
        common = {ours: self._value(ours, row[theirs], theirs, where) for ours, theirs in self.columns.items()}
        for one in self.series:
            made = dict(self.constants) | common | {k: v for k, v in one.items() if k not in ("column", "factor")}
            if "column" in one:
                value = number(row[one["column"]], one["column"], where)
                if value is None:
                    continue  # a period of which nothing is known
                made["value"] = value * one.get("factor", 1.0)
            yield self._placed(made)

    @property
    def _value_columns(self) -> list[str]:
        return [one["column"] for one in self.series if "column" in one]

    def _value(self, ours: str, value: Any, theirs: str, where: Location) -> Any:
        kind = USAGE.schema.field(ours).type
        if pa.types.is_timestamp(kind):
            return moment(value, theirs, where)
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            found = number(value, theirs, where)
            return found if found is None or pa.types.is_floating(kind) else round(found)
        text = None if value is None else str(value)
        return self.values.get(ours, {}).get(text or "", text) or (
            "" if not USAGE.schema.field(ours).nullable else None
        )

    @staticmethod
    def _placed(made: dict[str, Any]) -> dict[str, Any]:
        if made.pop(_TIME_IS, "end") == "start":
            made["end_time"] += timedelta(seconds=made["period_s"])
        return made


def read_column_map(file: Path) -> ColumnMap:
    """``InputError`` for what is no such file, and where a column of the table comes from nowhere."""
    try:
        document = tomllib.loads(named_text(file))
    except OSError as error:
        raise _wrong(file, error.strerror or str(error), "a TOML file") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(file, str(error), "TOML, https://toml.io") from None
    _known(file, "table", document, _TABLES)
    columns, constants, values = (_table(file, name, document) for name in ("columns", "constants", "values"))
    _known(file, "column of the usage table", columns, _COLUMNS)
    _known(file, "column of the usage table", values, _COLUMNS)
    _known(file, "constant", constants, (*_COLUMNS, _TIME_IS))
    if constants.get(_TIME_IS, "end") not in ("start", "end"):
        raise _wrong(file, f"time_is = {constants[_TIME_IS]!r}", '"start" or "end"')
    series = document.get("series", [{}])
    if not isinstance(series, list) or not all(isinstance(one, dict) for one in series):
        raise _wrong(file, "[series]", "[[series]], with two brackets: there may be several")
    for one in series:
        _known(file, "key of a series", one, _SERIES_KEYS)
        if "factor" in one and (isinstance(one["factor"], bool) or not isinstance(one["factor"], int | float)):
            raise _wrong(file, f"factor = {one['factor']!r}", "a number")
        there = {*columns, *constants, *one, *(["value"] if "column" in one else [])}
        lacking = [f.name for f in USAGE.schema if not f.nullable and f.name not in there]
        if lacking:
            raise _wrong(file, f"nothing for {', '.join(lacking)}", "a line in [columns], [constants] or [[series]]")
    return ColumnMap(columns, constants, values, tuple(series))


def _table(file: Path, name: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    found = document.get(name, {})
    if not isinstance(found, dict):
        raise _wrong(file, f"{name} = {found!r}", f"a table, [{name}]")
    return found


def _known(file: Path, what: str, given: Mapping[str, Any], names: tuple[str, ...]) -> None:
    unknown = [name for name in given if name not in names]
    if unknown:
        raise _wrong(file, f"the {what} {unknown[0]!r}", ", ".join(names))


def _wrong(file: Path, found: str, expected: str) -> InputError:
    do = "`k2cr collect --columns usage` prints the table's columns, and a map to begin with"
    return InputError(ref="not-a-column-map", where=Location(str(file)), found=found, expected=expected, do=do)
