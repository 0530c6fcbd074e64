"""What stands beside a Cloud Run service: secrets and schedules, and what of them an account has free."""

from decimal import Decimal

import pytest

from k2cr_analysis.model.cloud_run import InstanceTimeline
from k2cr_analysis.model.money import total
from k2cr_analysis.model.prices import PriceBook, Tariff
from k2cr_analysis.pricing.cloud_run.beside import beside_items
from k2cr_analysis.pricing.cloud_run.free_tier import free_tier
from tests.pricing.clusters import cluster, workload

BOOK = PriceBook.embedded()
STARTS = 1000


def items_of(spec=None, **more):
    thing = workload("web", **(spec or {}))
    thing["spec"]["template"]["spec"]["containers"][0] |= more
    (found,) = cluster([thing]).workloads
    return priced(found)


def priced(found, starts=STARTS):
    names = dict.fromkeys(InstanceTimeline.__dataclass_fields__, Decimal(0))
    timeline = InstanceTimeline(**names | {"instance_starts": Decimal(starts)})
    return {i.unit: i for i in beside_items(found, timeline, Tariff(BOOK, "asia-northeast1"))}


def key(name, of="db"):
    return {"name": name.upper(), "valueFrom": {"secretKeyRef": {"name": of, "key": name}}}


SECRETS = {
    "two keys of a Secret": ({}, {"env": [key("user"), key("password")]}, 2),
    "one key read twice is one secret": ({}, {"env": [key("user"), key("user") | {"name": "AGAIN"}]}, 1),
    "a whole Secret has one key at least": ({}, {"envFrom": [{"secretRef": {"name": "db"}}]}, 1),
    "a value that is redacted": ({}, {"env": [{"name": "API_KEY", "value": "<redacted>"}]}, 1),
    "a Secret as files": (
        {"volumes": [{"name": "tls", "secret": {"secretName": "tls", "items": [{"key": "a", "path": "a"}, {"key": "b", "path": "b"}]}}]},
        {},
        2,
    ),
    "a ConfigMap is no secret": ({}, {"envFrom": [{"configMapRef": {"name": "c"}}]}, 0),
}  # fmt: skip


@pytest.mark.parametrize(("spec", "container", "versions"), SECRETS.values(), ids=SECRETS)
def test_each_key_is_a_secret_that_each_start_reads(spec, container, versions):
    found = items_of(spec, **container)
    if not versions:
        assert found == {}
        return
    assert found["secret_version_month"].amount == versions * Decimal("0.06")
    assert found["secret_access"].amount == versions * STARTS * Decimal("0.000003")


def test_a_cron_job_has_a_schedule():
    job = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": "shop"},
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": workload("x")["spec"]}},
    }
    (found,) = cluster([job]).workloads
    assert {unit: i.amount for unit, i in priced(found).items()} == {"schedule_month": Decimal("0.10")}


def test_the_account_has_six_versions_ten_thousand_reads_and_three_schedules_free_once():
    one = list(items_of(env=[key(n) for n in "abcd"]).values())
    assert free_tier(one, BOOK).month == total(one)  # 4 versions, 4,000 reads
    three = one * 3  # 12 versions, 12,000 reads
    assert free_tier(three, BOOK).beside == 6 * Decimal("0.06") + 10_000 * Decimal("0.000003")


def test_a_book_without_these_prices_gives_no_line():
    book = PriceBook(p for p in BOOK.prices if p.meter.startswith("run."))
    (found,) = cluster([workload("web")]).workloads
    timeline = InstanceTimeline(*(Decimal(1) for _ in InstanceTimeline.__dataclass_fields__))
    assert beside_items(found, timeline, Tariff(book, "asia-northeast1")) == ()
