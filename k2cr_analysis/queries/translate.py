"""The ``.sql`` files in BigQuery's words: sqlglot does the grammar, and the few things that it leaves are done here.

What a file writes, and what BigQuery has for it:

- ``QUANTILE_DISC(value, [0.5, ...])``: of the sorted values, the one whose rank is the share of them, rounded up. It is
  exact, unlike ``APPROX_QUANTILES``; whole numbers alone decide the rank.
- ``HASH(list)``: a fingerprint of the list's JSON, since BigQuery groups by no array.
- ``list[n]`` with a column for ``n``: ``list[ORDINAL(n)]``, which counts from 1 too.
- ``EPOCH_US(time)``: ``UNIX_MICROS``. ``ANY_VALUE(x)``: without the ``IGNORE NULLS`` that sqlglot adds.
- ``NOT MATERIALIZED``: nothing; BigQuery decides by itself.
- A table of the snapshot: its name in the dataset. Another query that is read like a table: a WITH of it, and so is a
  table that stands elsewhere (``in_place``).

Sums are of DECIMAL with 9 digits after the point in the files, which is BigQuery's NUMERIC, so both give the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


def bigquery_query(text: str, tables: Mapping[str, str], views: Mapping[str, str | exp.Expr]) -> exp.Expr:
    """``text`` (DuckDB's SQL) in BigQuery's words, as sqlglot's expression.

    ``tables``: name in the text -> ``project.dataset.table``. ``views``: name in the text -> what is behind it, which
    may read tables and other views.
    """
    from sqlglot import exp, parse_one

    query = parse_one(text, read="duckdb")
    own = query.args.get("with_")
    behind = [
        exp.CTE(this=view, alias=exp.TableAlias(this=exp.to_identifier(name)))
        for name, view in _views_of(query, views).items()
    ]
    if behind:
        query.set("with_", exp.With(expressions=[*behind, *(own.expressions if own else ())]))
    translated = query.transform(_rewritten)
    for table in list(translated.find_all(exp.Table)):
        if table.name in tables.keys() - views.keys() and not table.catalog:
            parts = [exp.to_identifier(part, quoted=True) for part in tables[table.name].rsplit(".", 2)]
            address = exp.Table(catalog=parts[0], db=parts[1], this=parts[2])
            table.replace(exp.alias_(address, table.alias or table.name, table=True))
    return translated


def bigquery_sql(text: str, tables: Mapping[str, str], views: Mapping[str, str | exp.Expr]) -> str:
    """``bigquery_query`` as text."""
    return bigquery_query(text, tables, views).sql(dialect="bigquery", pretty=True, comments=False)


def _views_of(query: exp.Expr, views: Mapping[str, str | exp.Expr]) -> dict[str, exp.Expr]:
    """The views that a query reads, by itself or through another, each after those that it reads."""
    from sqlglot import exp, parse_one

    found: dict[str, exp.Expr] = {}
    for name in sorted({table.name for table in query.find_all(exp.Table) if not table.catalog} & views.keys()):
        view = views[name]
        parsed = parse_one(view, read="duckdb") if isinstance(view, str) else view.copy()
        rest = {other: behind for other, behind in views.items() if other != name}
        found = {**found, **{k: v for k, v in _views_of(parsed, rest).items() if k not in found}}
        found.setdefault(name, parsed)
    return found


def _rewritten(node: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    if isinstance(node, exp.CTE):
        node.set("materialized", None)
    elif isinstance(node, exp.PercentileDisc):
        return exp.Array(expressions=[_at_share(node.this, q) for q in node.expression.expressions])
    elif isinstance(node, exp.Bracket) and not isinstance(node.expressions[0], exp.Literal):
        node.set("offset", 1)
    elif isinstance(node, exp.IgnoreNulls) and isinstance(node.this, exp.Expr):
        return node.this
    elif isinstance(node, exp.Anonymous):
        return _FUNCTIONS.get(node.name.upper(), _as_it_is)(node)
    return node


def _as_it_is(call: exp.Expr) -> exp.Expr:
    return call


def _micros(call: exp.Expr) -> exp.Expr:
    return _function("UNIX_MICROS", *call.expressions)


def _fingerprint(call: exp.Expr) -> exp.Expr:
    return _function("FARM_FINGERPRINT", _function("TO_JSON_STRING", *call.expressions))


def _function(name: str, *arguments: exp.Expr) -> exp.Expr:
    from sqlglot import exp

    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


_FUNCTIONS = {"EPOCH_US": _micros, "HASH": _fingerprint}


def _at_share(value: exp.Expr, share: exp.Expr) -> exp.Expr:
    """The value at a share (0.95) of the sorted values: rank = count x 95 / 100, rounded up, from 1."""
    from sqlglot import exp

    percent = Decimal(share.name) * 100
    assert percent == int(percent), "a quantile of whole per cents"
    rank = exp.IntDiv(
        this=exp.Paren(this=exp.Count(this=value.copy()) * int(percent) + 99), expression=exp.Literal.number(100)
    )
    ordered = exp.Order(this=value.copy(), expressions=[exp.Ordered(this=value.copy(), nulls_first=True)])
    return exp.Bracket(this=exp.ArrayAgg(this=ordered), expressions=[rank], offset=1)
