"""A BigQuery REST endpoint on the loopback: dry runs, jobs and paged results, whose queries DuckDB executes."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

_TYPES = {"string": "STRING", "double": "FLOAT", "int64": "INTEGER", "bool": "BOOLEAN"}


class Warehouse:
    """``tables``: name -> Arrow table; each has the day on which its rows arrived as ``_PARTITIONTIME``."""

    def __init__(self, tables, page_rows=3):
        self.tables = tables
        self.page_rows = page_rows
        self.jobs = {}
        self.hides_schemas = False
        self.requests = []
        self.faults = []
        self.bytes = 3 * 2**20
        self.lock = threading.Lock()

    def missing(self, sql):
        """The first table of a query that is not there."""
        return next((name for name in re.findall(r"`([^`]+)`", sql) if name not in self.tables), None)

    def run(self, sql, parameters):
        query = sqlglot.parse_one(sql, read="bigquery")
        [table] = query.find_all(exp.Table)
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("export", self.tables[".".join(part.name for part in table.parts)])
        table.replace(exp.to_table("export"))
        text = query.sql(dialect="duckdb")
        used = {key: value for key, value in parameters.items() if f"${key}" in text}
        return connection.sql(text, params=used).to_arrow_table()


@contextmanager
def serving_bigquery(warehouse):
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"warehouse": warehouse}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    warehouse: Warehouse

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.handle_call(json.loads(body))

    def do_GET(self):
        self.handle_call(None)

    def handle_call(self, body):
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        with self.warehouse.lock:
            self.warehouse.requests.append((self.command, parts.path, body))
            fault = self.warehouse.faults.pop(0) if self.warehouse.faults else None
        if fault:
            return self.refuse(*fault)
        steps = parts.path.removeprefix("/bigquery/v2/").strip("/").split("/")
        if "tables" in steps:
            return self.table(f"{steps[1]}.{steps[3]}.{steps[5]}")
        if self.command == "POST":
            return self.insert(steps[1], body)
        if steps[2] == "queries":
            return self.results(steps[3], query)
        return self.send(self.job(steps[1], steps[3]))

    def refuse(self, code, reason, message):
        self.send(
            {"error": {"code": code, "message": message, "errors": [{"reason": reason, "message": message}]}}, code
        )

    def send(self, body, code=200):
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def table(self, name):
        table = self.warehouse.tables.get(name)
        if table is None or self.warehouse.hides_schemas:
            return self.refuse(404, "notFound", f"Not found: Table {name}")
        project, dataset, short = name.split(".")
        fields = [_field(field) for field in table.schema if field.name != "_PARTITIONTIME"]
        body = {
            "tableReference": {"projectId": project, "datasetId": dataset, "tableId": short},
            "schema": {"fields": fields},
        }
        partitioned = "_PARTITIONTIME" in table.schema.names
        return self.send(body | ({"timePartitioning": {"type": "DAY"}} if partitioned else {}))

    def insert(self, project, body):
        config = body["configuration"]
        if missing := self.warehouse.missing(config["query"]["query"]):
            return self.refuse(404, "notFound", f"Not found: Table {missing}")
        job_id = (body.get("jobReference") or {}).get("jobId") or "dry"
        statistics = {
            "totalBytesProcessed": str(self.warehouse.bytes),
            "query": {"totalBytesProcessed": str(self.warehouse.bytes)},
        }
        if not config.get("dryRun"):
            given = {p["name"]: _parameter(p) for p in config["query"].get("queryParameters", ())}
            self.warehouse.jobs[job_id] = (body, self.warehouse.run(config["query"]["query"], given))
        return self.send({"jobReference": {"projectId": project, "jobId": job_id, "location": "US"}, "configuration": config,
                   "status": {"state": "DONE"}, "statistics": statistics})  # fmt: skip

    def job(self, project, job_id):
        body, _ = self.warehouse.jobs[job_id]
        return {"jobReference": {"projectId": project, "jobId": job_id, "location": "US"},
                "configuration": body["configuration"], "status": {"state": "DONE"}, "statistics": {}}  # fmt: skip

    def results(self, job_id, query):
        _, table = self.warehouse.jobs[job_id]
        start = int(query.get("pageToken") or 0)
        limit = min(int(query.get("maxResults") or self.warehouse.page_rows), self.warehouse.page_rows)
        page = table.slice(start, limit)
        rows = [{"f": [{"v": _cell(row[f.name], f.type)} for f in table.schema]} for row in page.to_pylist()]
        body = {"jobComplete": True, "totalRows": str(table.num_rows), "schema": {"fields": [_field(f) for f in table.schema]},
                "rows": rows, "jobReference": {"projectId": "p", "jobId": job_id, "location": "US"}}  # fmt: skip
        more = start + limit < table.num_rows
        self.send(body | ({"pageToken": str(start + limit)} if more else {}))


def _parameter(given):
    value = given["parameterValue"].get("value")
    if value is None or given["parameterType"]["type"] != "TIMESTAMP":
        return value
    return datetime.fromisoformat(value)


def _field(field):
    kind, mode = field.type, "NULLABLE"
    if pa.types.is_list(kind):
        kind, mode = kind.value_type, "REPEATED"
    if pa.types.is_struct(kind):
        return {"name": field.name, "type": "RECORD", "mode": mode, "fields": [_field(inner) for inner in kind]}
    name = (
        "NUMERIC"
        if pa.types.is_decimal(kind)
        else "TIMESTAMP"
        if pa.types.is_timestamp(kind)
        else _TYPES.get(str(kind), "STRING")
    )
    return {"name": field.name, "type": name, "mode": mode}


def _cell(value, kind):
    if pa.types.is_list(kind):
        return [{"v": _cell(item, kind.value_type)} for item in value or ()]
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {"f": [{"v": _cell(value[field.name], field.type)} for field in kind]}
    if pa.types.is_timestamp(kind):
        return str(int(value.timestamp() * 1_000_000))
    return str(value)
