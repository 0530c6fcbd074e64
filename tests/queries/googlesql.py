"""GoogleSQL's own reference implementation (PyPI ``zetasql``, as WebAssembly): queries analysed and executed by it."""

from __future__ import annotations

import datetime
from ctypes import addressof, memmove, string_at
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from google.protobuf.timestamp_pb2 import Timestamp
from wasmtime import Config
from zetasql import types as t
from zetasql.api import CatalogBuilder, PreparedQuery, TableBuilder
from zetasql.core import wasm_client

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_PLACES = Decimal(10) ** 9


def keep_compiled(folder: Path) -> None:
    """What wasmtime compiles is kept, and compiled without optimising, which takes longer than these tests gain by it."""
    settings = folder / "wasmtime.toml"
    settings.write_text(f'[cache]\ndirectory = "{folder}"\n')

    def config() -> Config:
        made = Config()
        made.cache = str(settings)
        made.cranelift_opt_level = "none"
        return made

    wasm_client.Config = config
    # The package's own copy memory byte by byte.
    wasm_client.WasmClient.write_bytes = lambda self, at, data: memmove(_address(self) + at, data, len(data))
    wasm_client.WasmClient.read_bytes = lambda self, at, size: string_at(_address(self) + at, size)


def _address(client: wasm_client.WasmClient) -> int:
    return addressof(client.memory.data_ptr().contents)


class GoogleSql:
    """Tables by their plain names. ``compiled``: the folder in which the compiled WebAssembly is kept."""

    def __init__(self, tables: dict[str, pa.Table], compiled: Path) -> None:
        self.name = ""
        keep_compiled(compiled)
        self._language = t.LanguageOptions.maximum_features()
        catalog = CatalogBuilder("here")
        for name, table in tables.items():
            built = TableBuilder(name)
            for field in table.schema:
                built.add_column(field.name, type_of(field.type))
            catalog.add_table(built.build())
        builtin = t.ZetaSQLBuiltinFunctionOptions(language_options=self._language)
        self._catalog = catalog.with_builtin_functions(builtin).build()
        self._content = {name: content_of(table) for name, table in tables.items()}

    def run(self, sql: str) -> list[dict[str, object]]:
        """The rows of a query; whatever the analyser or the evaluator says against it is raised."""
        with self._prepared(sql) as query:
            moments = [c.name for c in query.columns if c.type.type_kind == t.TypeKind.TYPE_TIMESTAMP]
            if not moments:
                return _rows(query)
        # The wrapper's results have no times, so that they are asked for as whole numbers.
        asked = ", ".join(f"UNIX_MICROS({name}) AS {name}" for name in moments)
        with self._prepared(f"SELECT * REPLACE ({asked}) FROM ({sql})") as query:
            rows = _rows(query)
        at = {name: [_EPOCH + datetime.timedelta(microseconds=row[name]) for row in rows] for name in moments}
        return [row | {name: at[name][number] for name in moments} for number, row in enumerate(rows)]

    def _prepared(self, sql: str) -> PreparedQuery:
        used = {name: content for name, content in self._content.items() if name in sql}
        options = t.AnalyzerOptions(language_options=self._language)
        builder = PreparedQuery.builder().set_sql(sql).set_analyzer_options(options)
        return builder.set_catalog(self._catalog).set_table_content(used).prepare()


def _rows(query: PreparedQuery) -> list[dict[str, object]]:
    found = query.execute().content.table_data
    kinds = {column.name: column.type for column in query.columns}
    return [
        {name: plain(cell, kind) for (name, kind), cell in zip(kinds.items(), row.cell, strict=True)}
        for row in (found.row if found is not None else ())
    ]


def type_of(kind: pa.DataType) -> t.Type:
    if pa.types.is_list(kind):
        return t.Type(type_kind=t.TypeKind.TYPE_ARRAY, array_type=t.ArrayType(element_type=type_of(kind.value_type)))
    if pa.types.is_struct(kind):
        fields = [t.StructField(field_name=f.name, field_type=type_of(f.type)) for f in kind]
        return t.Type(type_kind=t.TypeKind.TYPE_STRUCT, struct_type=t.StructType(field=fields))
    kinds = {
        pa.types.is_timestamp: t.TypeKind.TYPE_TIMESTAMP,
        pa.types.is_floating: t.TypeKind.TYPE_DOUBLE,
        pa.types.is_integer: t.TypeKind.TYPE_INT64,
        pa.types.is_decimal: t.TypeKind.TYPE_NUMERIC,
    }
    return t.Type(type_kind=next((found for is_, found in kinds.items() if is_(kind)), t.TypeKind.TYPE_STRING))


def content_of(table: pa.Table) -> t.TableContent:
    columns = [(table.column(f.name).to_pylist(), f.type) for f in table.schema]
    rows = [
        t.TableData.Row(cell=[value_of(values[n], kind) for values, kind in columns]) for n in range(table.num_rows)
    ]
    return t.TableContent(table_data=t.TableData(row=rows))


def value_of(value: object, kind: pa.DataType) -> t.Value:
    if pa.types.is_list(kind):  # BigQuery stores a missing list as an empty one
        return t.Value(array_value=t.Value.Array(element=[value_of(v, kind.value_type) for v in value or ()]))
    if value is None:
        return t.Value()
    if pa.types.is_struct(kind):
        return t.Value(struct_value=t.Value.Struct(field=[value_of(value[f.name], f.type) for f in kind]))
    if pa.types.is_timestamp(kind):
        moment = Timestamp()
        moment.FromDatetime(value)
        return t.Value(timestamp_value=moment)
    if pa.types.is_decimal(kind):
        return t.Value(numeric_value=int(Decimal(value) * _PLACES).to_bytes(16, "little", signed=True))
    names = {pa.types.is_floating: ("double_value", float), pa.types.is_integer: ("int64_value", int)}
    name, make = next((found for is_, found in names.items() if is_(kind)), ("string_value", str))
    return t.Value(**{name: make(value)})


def plain(cell: t.Value, kind: t.Type) -> object:
    for name in ("int64_value", "double_value", "string_value", "bool_value"):
        value = getattr(cell, name)
        if value is not None:
            return value
    if cell.numeric_value is not None:
        return Decimal(int.from_bytes(cell.numeric_value, "little", signed=True)) / _PLACES
    if cell.array_value is not None:
        return [plain(one, kind.array_type.element_type) for one in cell.array_value.element]
    return None
