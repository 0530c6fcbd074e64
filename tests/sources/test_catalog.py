"""The real catalogue client against a CloudCatalog on the loopback: classes, units, tiers, regions, and a diff."""

from __future__ import annotations

import csv
import json
import threading
from concurrent import futures
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import grpc
import pytest
from google.cloud.billing_v1 import ListSkusRequest, ListSkusResponse
from typer.testing import CliRunner

from k2cr_analysis.cli import app
from k2cr_analysis.errors import RemoteError
from k2cr_analysis.model.prices import PriceBook
from k2cr_analysis.platforms.billing import (
    CLOUD_RUN,
    CLOUD_SQL_SERVICE,
    COMPUTE_ENGINE,
    FILESTORE_SERVICE,
    KUBERNETES_ENGINE,
    MEMORYSTORE_REDIS_SERVICE,
)
from k2cr_analysis.sources.catalog.book import changes, refreshed
from k2cr_analysis.sources.catalog.client import read_skus
from k2cr_analysis.sources.catalog.meters import SERVICES
from k2cr_analysis.sources.retry import RetryPolicy

TOKYO, BELGIUM, SHARED = "asia-northeast1", "europe-west1", ["europe-west1", "us-central1"]
# service, SKU id, description, usage unit, regions, tiers (start, units, nanos)
SKUS = [
    (CLOUD_RUN, "A1", "Services CPU Tier 2  (Request-based billing)", "s", ["europe-west2"], [(0, 0, 0), (180000, 0, 33600)]),
    (CLOUD_RUN, "A2", "Services Memory (Request-based billing)", "GiBy.s", SHARED, [(0, 0, 2600)]),
    (CLOUD_RUN, "A3", "Services CPU (Instance-based billing) in in asia-northeast1", "s", [TOKYO], [(0, 0, 20000)]),
    (CLOUD_RUN, "A4", "Requests", "count", ["global"], [(0, 0, 0), (2000000, 0, 500)]),
    (CLOUD_RUN, "A5", "Services Network Teleport", "count", ["global"], [(0, 1, 0)]),
    (KUBERNETES_ENGINE, "B1", "Autopilot Pod mCPU Requests (europe-west1)", "h", [BELGIUM], [(0, 0, 50000)]),
    (KUBERNETES_ENGINE, "B2", "Autopilot Balanced Spot Pod Memory Requests (europe-west1)", "GiBy.h", [BELGIUM], [(0, 0, 2000000)]),
    (KUBERNETES_ENGINE, "B3", "Autopilot Scale-Out Arm Pod mCPU Requests (europe-west1)", "h", [BELGIUM], [(0, 0, 35600)]),
    (KUBERNETES_ENGINE, "B4", "Zonal Kubernetes Clusters", "h", ["global"], [(0, 0, 110000000)]),
    (COMPUTE_ENGINE, "C1", "E2 Instance Core running in Japan", "h", [TOKYO], [(0, 0, 28026420)]),
    (COMPUTE_ENGINE, "C2", "N2 Instance Core running in Belgium", "h", [BELGIUM], [(0, 0, 1)]),
    (COMPUTE_ENGINE, "C3", "N2 Instance Core running in Belgium again", "h", [BELGIUM], [(0, 0, 2)]),
    (COMPUTE_ENGINE, "C4", "Balanced PD Capacity in Japan", "GiBy.mo", [TOKYO], []),
    (CLOUD_SQL_SERVICE, "D1", "Cloud SQL for PostgreSQL: Zonal - vCPU in Mumbai", "h", ["asia-south1"], [(0, 0, 49600000)]),
    (CLOUD_SQL_SERVICE, "D2", "Cloud SQL for MySQL: Zonal - vCPU in Mumbai", "h", ["asia-south1"], [(0, 0, 49600001)]),
    (CLOUD_SQL_SERVICE, "D3", "Cloud SQL for PostgreSQL: Regional - vCPU in Mumbai", "h", ["asia-south1"], [(0, 0, 99200000)]),
    (MEMORYSTORE_REDIS_SERVICE, "E1", "Redis Capacity Standard M1 Mumbai", "GiBy.h", ["asia-south1"], [(0, 0, 110000000)]),
    (MEMORYSTORE_REDIS_SERVICE, "E2", "Redis Standard Node Capacity M1 Mumbai", "GiBy.h", ["asia-south1"], [(0, 0, 1)]),
    (FILESTORE_SERVICE, "F1", "Filestore Capacity Basic HDD (Standard) Johannesburg", "GiBy.mo", ["africa-south1"], [(0, 0, 179000000)]),
    (COMPUTE_ENGINE, "C5", "Commitment v1: E2 Cpu in Japan for 1 Year", "h", [TOKYO], [(0, 0, 5)]),
]  # fmt: skip


@pytest.fixture
def faults():
    return []


@pytest.fixture
def catalogue(monkeypatch, faults):
    def list_skus(request, context):
        if faults:
            context.abort(faults.pop(0), "made up")
        mine = [sku for sku in SKUS if request.parent == f"services/{sku[0]}"]
        start = int(request.page_token or 0)
        page = ListSkusResponse(next_page_token=str(start + 2) if start + 2 < len(mine) else "")
        for _, sku_id, description, unit, regions, tiers in mine[start : start + 2]:
            sku = page._pb.skus.add(sku_id=sku_id, description=description, service_regions=regions)
            info = sku.pricing_info.add()
            info.effective_time.FromJsonString("2026-11-01T00:00:00Z")
            info.pricing_expression.usage_unit = unit
            for begin, units, nanos in tiers:
                tier = info.pricing_expression.tiered_rates.add(start_usage_amount=begin)
                tier.unit_price.units, tier.unit_price.nanos, tier.unit_price.currency_code = (
                    units,
                    nanos,
                    request.currency_code,
                )
        return page

    server = grpc.server(futures.ThreadPoolExecutor(4))
    handler = grpc.unary_unary_rpc_method_handler(list_skus, ListSkusRequest.deserialize, ListSkusResponse.serialize)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("google.cloud.billing.v1.CloudCatalog", {"ListSkus": handler})]
    )
    monkeypatch.setenv("K2CR_ENDPOINT_BILLING", f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    yield
    server.stop(0).wait()


class _Rest(BaseHTTPRequestHandler):
    """The same catalogue by REST, two SKUs a page."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        mine = [sku for sku in SKUS if parts.path == f"/v1/services/{sku[0]}/skus"]
        start = int(query.get("pageToken", ["0"])[0])
        page = {"skus": [self.sku(*sku) for sku in mine[start : start + 2]]}
        if start + 2 < len(mine):
            page["nextPageToken"] = str(start + 2)
        data = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    @staticmethod
    def sku(_, sku_id, description, unit, regions, tiers):
        rates = [
            {"startUsageAmount": begin, "unitPrice": {"currencyCode": "USD", "units": str(units), "nanos": nanos}}
            for begin, units, nanos in tiers
        ]
        expression = {"usageUnit": unit, "tieredRates": rates}
        info = {"effectiveTime": "2026-11-01T00:00:00Z", "pricingExpression": expression}
        return {"skuId": sku_id, "description": description, "serviceRegions": regions, "pricingInfo": [info]}


def test_a_catalogue_that_speaks_rest_gives_the_same_book(catalogue, monkeypatch):
    by_grpc = book().book.to_table()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Rest)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    monkeypatch.setenv("K2CR_ENDPOINT_BILLING", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    try:
        assert book().book.to_table().equals(by_grpc)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def book(currency="USD"):
    return refreshed(read_skus(SERVICES, currency, retry=RetryPolicy(attempts=3, sleep=lambda _: None)), currency)


RATES = [
    ("run.request.cpu.active", "europe-west2", "none", "0.0000336", "vcpu_s"),
    ("run.request.memory.active", "us-central1", "none", "0.0000026", "gib_s"),
    ("run.instance.cpu", TOKYO, "none", "0.00002", "vcpu_s"),
    ("run.instance.cpu", TOKYO, "flex-3y", "0.0000108", "vcpu_s"),
    ("run.request.count", TOKYO, "none", "0.0000005", "request"),
    ("gke.autopilot.general-purpose.cpu", BELGIUM, "none", "0.05", "vcpu_h"),
    ("gke.autopilot.balanced.spot.memory", BELGIUM, "none", "0.002", "gib_h"),
    ("gke.cluster.fee.zonal", BELGIUM, "none", "0.11", "h"),
    ("sql.cpu", "asia-south1", "none", "0.0496", "vcpu_h"),
    ("memorystore.redis.standard.m1", "asia-south1", "none", "0.11", "gib_h"),
    ("filestore.basic-hdd", "africa-south1", "none", "0.179", "gib_month"),
    ("compute.e2.cpu", TOKYO, "none", "0.02802642", "vcpu_h"),
    ("compute.e2.cpu", TOKYO, "flex-1y", "0.0201790224", "vcpu_h"),
]


@pytest.mark.parametrize(("meter", "region", "cud", "rate", "unit"), RATES)
def test_a_meter_has_the_catalogue_s_price_in_our_unit(catalogue, meter, region, cud, rate, unit):
    price = book().book.require(meter, region, cud)
    assert (price.rate, price.unit, price.effective_date) == (Decimal(rate), unit, "2026-11-01")


def test_free_amounts_stay_as_the_first_tier(catalogue):
    tiers = [p for p in book().book.prices if p.meter == "run.request.count" and p.consumption_model == "none"]
    assert [(p.tier_start, p.rate) for p in tiers] == [(0, 0), (2_000_000, Decimal("0.0000005"))]


def test_what_cannot_be_classified_is_listed_with_the_reason(catalogue):
    found = {u.sku_id: u.why for u in book().unclassified}
    assert found == {"A5": "no known meter", "C2": "one of 2 SKUs for compute.n2.cpu in europe-west1",
                     "C3": "one of 2 SKUs for compute.n2.cpu in europe-west1", "C4": "no price", "C5": "no known meter",
                     "D2": "no known meter", "D3": "no known meter", "E2": "no known meter"}  # fmt: skip


def test_what_the_catalogue_does_not_say_stays_in_the_same_currency_alone(catalogue):
    embedded = PriceBook.embedded()
    assert book().book.price("compute.n2.cpu", BELGIUM) == embedded.price("compute.n2.cpu", BELGIUM)
    euros = book("EUR").book
    assert euros.currency == "EUR" and euros.price("compute.n2.cpu", BELGIUM) is None


def test_changes_name_what_differs_and_nothing_else(catalogue):
    found = {
        (c.meter, c.region, c.consumption_model): (c.before, c.after)
        for c in changes(PriceBook.embedded(), book().book)
    }
    assert found["gke.cluster.fee.zonal", "global", "none"] == (Decimal("0.1"), Decimal("0.11"))
    assert ("compute.e2.cpu", TOKYO, "none") not in found
    assert changes(PriceBook.embedded(), PriceBook.embedded()) == []


def test_a_busy_catalogue_is_asked_again_and_a_closed_one_is_an_error(catalogue, faults):
    faults[:] = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED]
    assert book().book.require("compute.e2.cpu", TOKYO).rate == Decimal("0.02802642")
    faults[:] = [grpc.StatusCode.PERMISSION_DENIED]
    with pytest.raises(RemoteError, match="cloudbilling"):
        book()


def test_the_verb_writes_a_book_that_reads_back(catalogue, tmp_path):
    done = CliRunner().invoke(app, ["prices", "refresh", "--out", str(tmp_path / "prices.csv")])
    assert done.exit_code == 0, done.output
    assert "gke.cluster.fee.zonal" in done.stdout and "+10.0 %" in done.stdout
    assert "8 SKUs are no known meter" in done.stderr and "Services Network Teleport" in done.stderr
    rows = list(csv.DictReader((tmp_path / "prices.csv").open()))
    assert len(rows) == len(book().book.prices)
    assert Decimal(next(r["rate"] for r in rows if r["meter"] == "gke.cluster.fee.zonal")) == Decimal("0.11")


def test_a_snapshot_takes_the_catalogue_s_prices(catalogue, tmp_path):
    (tmp_path / "pod.yaml").write_text(
        "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i}]}}"
    )
    done = CliRunner().invoke(
        app, ["collect", "--manifests", str(tmp_path / "pod.yaml"), "--prices", "catalog", "--out", str(tmp_path / "s")]
    )
    assert done.exit_code == 0, done.output
    from k2cr_analysis.snapshot import open_snapshot

    table = open_snapshot(tmp_path / "s").table("prices")
    assert PriceBook.from_table(table).require("gke.cluster.fee.zonal", TOKYO).rate == Decimal("0.11")
