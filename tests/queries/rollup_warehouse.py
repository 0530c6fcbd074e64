"""BigQuery on the loopback: the REST endpoint of the billing tests, with BigQuery's SQL executed by DuckDB.

What BigQuery means by its words is written here by hand, not taken from sqlglot's way back, which would undo an error of
the way there: arrays count from 0 or, by ORDINAL, from 1; NUMERIC has 9 digits; a NULL array is stored as an empty one.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa
from sqlglot import exp, parse_one

from tests.sources.bigquery_server import Warehouse


class RollupWarehouse(Warehouse):
    """Tables by their full name; ``queries`` keeps what was sent."""

    def __init__(self, tables):
        super().__init__({name: without_null_lists(table) for name, table in tables.items()}, page_rows=1000)
        self.queries = []

    def run(self, sql, parameters):
        assert not parameters
        self.queries.append(sql)
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE MACRO farm_fingerprint(text) AS hash(text)")
        connection.execute("CREATE MACRO to_json_string(value) AS CAST(to_json(value) AS VARCHAR)")
        query = parse_one(sql, read="bigquery").transform(as_bigquery_means)
        for table in query.find_all(exp.Table):
            if table.catalog:
                name = f"{table.catalog}.{table.db}.{table.name}"
                connection.register(table.name, self.tables[name])
                table.set("catalog", None)
                table.set("db", None)
        found = connection.sql(query.sql("duckdb")).to_arrow_table()
        whole = [f.with_type(pa.int64()) if pa.types.is_integer(f.type) else f for f in found.schema]
        return found.cast(pa.schema(whole))

    def missing(self, sql):
        found = parse_one(sql, read="bigquery").find_all(exp.Table)
        names = (f"{table.catalog}.{table.db}.{table.name}" for table in found if table.catalog)
        return next((name for name in names if name not in self.tables), None)


def as_bigquery_means(node):
    if isinstance(node, exp.DataType) and node.is_type("decimal") and not node.expressions:
        return exp.DataType.build("DECIMAL(38, 9)", dialect="duckdb")
    if isinstance(node, exp.Bracket):
        (index,) = node.expressions
        first = 1 if node.args.get("offset") == 1 else 0
        return exp.Anonymous(this="list_extract", expressions=[node.this, exp.Paren(this=index) + (1 - first)])
    return node


def without_null_lists(table: pa.Table) -> pa.Table:
    for number, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            values = [value or [] for value in table.column(field.name).to_pylist()]
            table = table.set_column(number, field, pa.array(values, field.type))
    return table
