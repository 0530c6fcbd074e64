"""``k2cr cost`` as a script calls it: examples to the cent, worked out by hand from the published rates."""

import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from k2cr_analysis.cli import app
from k2cr_analysis.errors import InputError, UsageError

CENT = Decimal("0.01")


def call(line):
    return CliRunner().invoke(app, ["cost", *line.split(), "--format", "json"])


# options -> gross, free tier, net
EXAMPLES = {
    # Google's: example 4, 2, 5 and 6 of https://cloud.google.com/run/pricing, with the discounts that they imply.
    "--region europe-west1 --cpu 0.167 --memory 256Mi --requests 10e6 --latency 200ms --concurrency 1": "13.27 6.02 7.25",
    "--region europe-west1 --cpu 1 --memory 512Mi --requests 10e6 --latency 400ms --concurrency 1 --cud run-1y": "87.15 5.88 81.27",
    "--kind job --region europe-west1 --cpu 1 --memory 512Mi --hours 12.16667 --cud flex-3y": "0.45 0.45 0.00",
    "--kind worker-pool --region europe-west1 --cpu 1 --memory 512Mi --hours 730 --cud flex-3y": "16.83 5.22 11.61",
    # By hand. 63.83 = 60.48 CPU + 3.15 memory + 0.20 requests.
    "--region europe-west3 --cpu 1 --memory 512Mi --requests 500000 --latency 3.6s --concurrency 1 --no-free-tier": "63.83 0.00 63.83",
    # 17 % off everything, one year or three, flexible or not: 52.98 = 0.83 x 63.83.
    "--region europe-west3 --cpu 1 --memory 512Mi --requests 500000 --latency 3.6s --concurrency 1 --cud run-3y --no-free-tier": "52.98 0.00 52.98",
    "--region europe-west3 --cpu 1 --memory 512Mi --requests 500000 --latency 3.6s --concurrency 1 --cud flex-1y --no-free-tier": "52.98 0.00 52.98",
    # 2 x 730 h x 3600 x (1.5 x 0.0000216 + 1.5 x 0.0000024) = 189.216 Tier 2, instances of two containers always on.
    "--region europe-west3 --billing instance --cpu 1 --cpu 500m --memory 1Gi --memory 512Mi --min-instances 2": "189.22 5.22 184.00",
    # Active 3,600,000 s are more than one kept instance's 2,628,000: 3.6e6 x (0.000018 + 0.000001) = 68.40; no request line.
    "--region us-central1 --billing instance --cpu 1 --memory 512Mi --requests 9e6 --latency 400ms --concurrency 1 --min-instances 1": "68.40 5.22 63.18",
    # Idle 2,628,000 - 1,200,000 s at 0.0000025 x 1.5; active at 0.000024 + 0.00000125; a million paid requests.
    "--region us-central1 --cpu 1 --memory 512Mi --requests 3e6 --latency 400ms --concurrency 1 --min-instances 1": "36.86 6.02 30.84",
    # A Tier 2 job: 100 h x 3600 x (2 x 0.0000216 + 4 x 0.0000024) = 19.008.
    "--kind job --region europe-west3 --cpu 2 --memory 4Gi --hours 100": "19.01 5.22 13.79",
    # Less than is free: nothing is paid, and nothing paid out.
    "--region us-central1 --cpu 1 --memory 512Mi --requests 1.2e6 --latency 100ms --concurrency 1": "3.51 3.51 0.00",
    # Memory alone never uses up the CPU's part and the other way round: it is one sum of money.
    "--region us-central1 --cpu 1 --memory 32Gi --requests 60000 --latency 1s --concurrency 1": "6.26 5.24 1.02",
    # Worker pools have a flexible discount and none of Cloud Run's own.
    "--kind worker-pool --region us-central1 --cpu 1 --memory 512Mi --cud run-1y": "31.17 5.22 25.95",
    "--kind worker-pool --region us-central1 --cpu 1 --memory 512Mi --cud flex-1y": "22.44 5.22 17.22",
    # 2,628,000 x 0.000013493 + 1,314,000 x 0.000001482, as read for Singapore.
    "--kind worker-pool --region asia-southeast1 --cpu 1 --memory 512Mi": "37.41 5.22 32.19",
    # The same in every Tier 2 region: 1.2 x Tier 1, as instance-based billing.
    "--kind worker-pool --region europe-west3 --cpu 1 --memory 512Mi": "37.41 5.22 32.19",
}  # fmt: skip


@pytest.mark.parametrize(("line", "sums"), EXAMPLES.items(), ids=EXAMPLES)
def test_an_example_to_the_cent(line, sums):
    done = call(line)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    names = ("gross_month", "free_tier_month", "net_month")
    assert [str(Decimal(found[name]).quantize(CENT)) for name in names] == sums.split()
    assert sum(Decimal(i["amount"]) for i in found["line_items"]) == Decimal(found["gross_month"])
    assert all(Decimal(i["quantity"]) * Decimal(i["rate"]) == Decimal(i["amount"]) for i in found["line_items"])


REFUSED = {
    "--region nowhere --cpu 1 --memory 512Mi": (InputError, "nowhere"),
    "--kind job --region us-central1 --cpu 1 --memory 512Mi": (UsageError, "--hours"),
    "--region us-central1 --cpu 1 --cpu 1 --memory 512Mi": (UsageError, "once for each container"),
    "--region us-central1 --cpu 1 --memory 512Mi --requests -5": (UsageError, "out of range"),
    "--region us-central1 --cpu 1 --memory 512Mi --requests many": (UsageError, "500000"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), REFUSED.items(), ids=REFUSED)
def test_what_has_no_price_or_makes_no_sense_is_refused(line, expected):
    kind, text = expected
    done = call(line)
    assert isinstance(done.exception, kind) and text in str(done.exception)


def found(line):
    done = call(line)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_gpu_is_billed_for_the_whole_life_of_its_instance():
    """1e6 x 1 s / 4 = 250,000 s: x (4 x 0.000018 + 16 x 0.000002 + 0.0001867), by hand."""
    one = found(
        "--region us-central1 --cpu 4 --memory 16Gi --gpu nvidia-l4 --billing instance --requests 1e6 --latency 1s"
        " --concurrency 4"
    )
    assert Decimal(one["gross_month"]) == 250_000 * (
        4 * Decimal("0.000018") + 16 * Decimal("0.000002") + Decimal("0.0001867")
    )
    assert one["refused"] == []
    assert any("zonal redundancy" in text for text in one["notices"])
    assert any("the least that it costs" in text for text in one["notices"]), "idle time between requests is not in it"


@pytest.mark.parametrize("kind", ["worker-pool", "job"])
def test_a_gpu_beside_a_pool_and_a_job(kind):
    one = found(f"--region us-central1 --kind {kind} --hours 100 --cpu 4 --memory 16Gi --gpu nvidia-l4")
    gpu = [i for i in one["line_items"] if i["unit"] == "gpu_s"]
    assert [Decimal(i["quantity"]) for i in gpu] == [360_000]


def test_a_gpu_where_no_price_is_known_is_null_and_the_rest_is_at_least():
    one = found("--region asia-northeast1 --kind worker-pool --cpu 4 --memory 16Gi --gpu nvidia-l4")
    assert (one["gross_month"], one["net_month"]) == (None, None)
    assert Decimal(one["at_least_month"]) > 0
    assert "nvidia-l4" in one["unpriced"][0]


def test_a_disk_has_no_known_rate_so_that_the_month_is_null():
    one = found("--region us-central1 --cpu 1 --memory 512Mi --disk 10Gi --requests 1e7 --latency 400ms")
    assert one["net_month"] is None
    assert "run.disk" in one["unpriced"][0]
    small = found("--region us-central1 --cpu 1 --memory 512Mi --disk 1Gi --requests 1e7 --latency 400ms")
    assert any("10240Mi" in text for text in small["refused"])
    assert small["nearest"]["disk"] == "10Gi"


def test_a_job_that_may_wait_has_the_price_of_its_preview():
    """100 h x 3600 x (0.0000126 + 0.5 x 0.0000014)."""
    one = found("--region us-central1 --kind delayed-job --cpu 1 --memory 512Mi --hours 100")
    assert Decimal(one["gross_month"]) == 360_000 * (Decimal("0.0000126") + Decimal("0.0000007"))
    elsewhere = found("--region europe-west1 --kind delayed-job --cpu 1 --memory 512Mi --hours 100")
    assert elsewhere["net_month"] is None and elsewhere["unpriced"]


# What Cloud Run refuses -> the legal one beside: cpu and memory of the first container, concurrency.
NEAREST = {
    "--kind worker-pool --cpu 0.5 --memory 512Mi": ("1", "512Mi", None),
    "--kind worker-pool --cpu 1 --memory 256Mi": ("1", "512Mi", None),
    "--kind job --cpu 250m --memory 128Mi --hours 5": ("1", "512Mi", None),
    "--cpu 3 --memory 1Gi --requests 1e7": ("4", "2Gi", 80),
    "--cpu 1 --memory 2Gi --gpu nvidia-l4 --requests 1e6": ("4", "16Gi", 80),
    "--cpu 8 --memory 32Gi --gpu nvidia-rtx-pro-6000 --requests 1e6": ("20", "80Gi", 80),
    "--cpu 50m --memory 128Mi --concurrency 1 --requests 1e8": ("80m", "128Mi", 1),
    "--cpu 1 --memory 64Mi --requests 1e8": ("1", "128Mi", 80),
}


@pytest.mark.parametrize("line", NEAREST)
def test_what_cloud_run_refuses_has_the_legal_one_beside_it(line):
    one = found(f"--region us-central1 {line}")
    near = one["nearest"]
    assert one["refused"]
    assert (near["containers"][0]["cpu"], near["containers"][0]["memory"], near["concurrency"]) == NEAREST[line]
    assert all("to 4096Mi" not in text or "16384Mi to" not in text for text in one["refused"])


def test_what_is_larger_than_any_instance_has_nothing_near():
    one = found("--region us-central1 --cpu 16 --memory 64Gi --requests 1000")
    assert one["refused"] and one["nearest"] is None


def product(text):
    """What the counts of a line multiply to: factors with their units, one division, one bracket with a difference."""
    import re

    plain = re.sub(r"[a-zA-Z%]+", "", text.replace(",", "").replace(" x ", " * "))
    return eval(plain, {"__builtins__": {}})


@pytest.mark.parametrize("line", [line for line in EXAMPLES if "--requests" in line or "hours" in line])
def test_the_counts_of_a_line_multiply_to_its_quantity(line):
    for item in found(line)["line_items"]:
        if item["unit"] != "request":
            assert product(item["counts"]) == pytest.approx(float(item["quantity"]), rel=1e-6)


def test_explain_prints_what_each_quantity_is_made_of():
    done = CliRunner().invoke(
        app,
        [
            "cost",
            "--region",
            "us-central1",
            "--cpu",
            "1",
            "--memory",
            "512Mi",
            "--requests",
            "1e7",
            "--latency",
            "400ms",
            "--concurrency",
            "20",
            "--explain",
        ],
    )
    assert "10,000,000 requests x 0.4 s / 20 at once on an instance x 1 vCPU" in done.stdout
