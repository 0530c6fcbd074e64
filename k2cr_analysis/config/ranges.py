"""Which values a key of ``k2cr.toml`` may have, beyond its type: one entry for each key that has a range."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Kubernetes names; a generated name ends in `*` (contract: `<generateName>*`).
WORKLOAD_ID = re.compile(
    r"([a-z0-9][-a-z0-9]*:)?[a-z0-9]([-a-z0-9]*[a-z0-9])?/[A-Z][A-Za-z0-9]*/[a-z0-9][-a-z0-9.]*\*?"
)
# Tables whose keys all have one range.
_SAME_FOR_ALL_KEYS = (("policy", "required_labels"), ("rates", "toil"), ("rates", "effort"), ("rates", "rules"))
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NAMING_FIELDS = ("namespace", "kind", "name")
# Cloud Run, "Labels": lower case letters, digits, underscore, hyphen; keys begin with a letter; 63 characters.
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_ENCRYPTION_KEY = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
# A project of an organisation's own domain has a colon: example.com:project.
_TABLE = re.compile(r"[a-z][a-z0-9.:-]+\.[A-Za-z0-9_]+\.[A-Za-z0-9_$-]+")
_DATASET = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]+\.[A-Za-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Complaint:
    expected: str
    do: str = ""


def complaint(path: tuple[str, ...], value: Any) -> Complaint | None:
    """What is wrong with the value of a key; None where nothing is."""
    check = _CHECKS.get(_general(path))
    return check(path, value) if check else None


def _general(path: tuple[str, ...]) -> str:
    """``workload.X.objectives.p99_ms`` has the range of ``objectives.p99_ms``."""
    if path[0] in ("workload", "rules", "pool"):
        path = path[2:] if len(path) > 3 else (path[0], *path[2:])
    if path[:2] in _SAME_FOR_ALL_KEYS:
        path = path[:2]
    return ".".join(path)


def _above_zero(_path: tuple[str, ...], value: Any) -> Complaint | None:
    return None if value > 0 else Complaint("a number above 0")


def _not_negative(_path: tuple[str, ...], value: Any) -> Complaint | None:
    return None if value >= 0 else Complaint("0 or more")


def _share(_path: tuple[str, ...], value: Any) -> Complaint | None:
    return None if 0 <= value <= 1 else Complaint("a share from 0 to 1", "write 0.05 for 5 %")


def _headroom(_path: tuple[str, ...], value: Any) -> Complaint | None:
    return None if 0 <= value < 1 else Complaint("a share from 0 to below 1", "write 0.2 for 20 %")


def _at_least_one(_path: tuple[str, ...], value: Any) -> Complaint | None:
    return None if value >= 1 else Complaint("1 or more")


def _currency(_path: tuple[str, ...], value: Any) -> Complaint | None:
    return None if re.fullmatch("[A-Z]{3}", value) else Complaint("a currency code of ISO 4217", 'write "USD"')


def _office_hours(_path: tuple[str, ...], value: Any) -> Complaint | None:
    found = re.fullmatch(r"(\d\d):00-(\d\d):00", value)
    if found and int(found[1]) < int(found[2]) <= 24:
        return None
    return Complaint("whole hours from and to, of one day", 'write "09:00-18:00"')


def _weekdays(_path: tuple[str, ...], value: Any) -> Complaint | None:
    first, _, last = value.partition("-")
    if first in WEEKDAYS and (last or first) in WEEKDAYS and WEEKDAYS.index(first) <= WEEKDAYS.index(last or first):
        return None
    return Complaint(f"days from and to, of {', '.join(WEEKDAYS)}", 'write "Mon-Fri"')


def _timezone(_path: tuple[str, ...], value: Any) -> Complaint | None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Complaint("a name of the IANA time zone database", 'write "Asia/Tokyo"')
    return None


def _encryption_key(_path: tuple[str, ...], value: Any) -> Complaint | None:
    if _ENCRYPTION_KEY.fullmatch(value):
        return None
    return Complaint("projects/P/locations/L/keyRings/R/cryptoKeys/K", "`gcloud kms keys list` prints it")


def _project_number(_path: tuple[str, ...], value: Any) -> Complaint | None:
    return None if value.isdecimal() else Complaint("digits", "`gcloud projects describe` prints it")


def _not_empty(_path: tuple[str, ...], value: Any) -> Complaint | None:
    return None if value.strip() else Complaint("a text that is not empty", "leave the key out")


def _naming(_path: tuple[str, ...], value: Any) -> Complaint | None:
    expected = Complaint("a template of {namespace}, {kind} and {name}", 'write "{namespace}-{name}"')
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(value) if field is not None]
    except ValueError:
        return expected
    return None if "name" in fields and set(fields) <= set(NAMING_FIELDS) else expected


def _label(path: tuple[str, ...], value: Any) -> Complaint | None:
    if not _LABEL_KEY.fullmatch(path[-1]):
        return Complaint("a label key: a lower case letter, then a-z, 0-9, _ and -, at most 63")
    return None if _LABEL_VALUE.fullmatch(value) else Complaint("a label value: a-z, 0-9, _ and -, at most 63")


def _dataset(_path: tuple[str, ...], value: Any) -> Complaint | None:
    return None if _DATASET.fullmatch(value) else Complaint("PROJECT.DATASET", 'write "my-project.k2cr"')


def _table(_path: tuple[str, ...], value: Any) -> Complaint | None:
    is_named = _TABLE.fullmatch(value) is not None
    return (
        None if is_named else Complaint("PROJECT.DATASET.TABLE", 'write "my-project.metric_export.sd_metrics_export"')
    )


_CHECKS: dict[str, Callable[[tuple[str, ...], Any], Complaint | None]] = {
    "project.id": _not_empty,
    "project.number": _project_number,
    "project.region": _not_empty,
    "project.network": _not_empty,
    "project.subnet": _not_empty,
    "project.domain": _not_empty,
    "objectives.p95_ms": _above_zero,
    "objectives.p99_ms": _above_zero,
    "objectives.slower_than_today": _not_negative,
    "objectives.cold_start_ratio": _share,
    "objectives.headroom": _headroom,
    "traffic.assumed.requests_per_s": _not_negative,
    "traffic.assumed.latency_ms": _above_zero,
    "traffic.assumed.hours": _office_hours,
    "traffic.assumed.days": _weekdays,
    "traffic.assumed.timezone": _timezone,
    "workload.ingress_container": _not_empty,
    "workload.effort_days": _not_negative,
    "rates.engineer_hour": _not_negative,
    "rates.currency": _currency,
    "rates.per_usd": _above_zero,
    "discounts.cloud_run": _headroom,
    "discounts.gke": _headroom,
    "rates.toil": _not_negative,
    "rates.effort": _not_negative,
    "rates.rules": _not_negative,
    "plan.wave_days": _above_zero,
    "plan.wave_workloads": _at_least_one,
    "plan.wave_length_days": _at_least_one,
    "plan.payback_months": _at_least_one,
    "plan.hop_month": _not_negative,
    "plan.headroom": _headroom,
    "pool.min_nodes": _not_negative,
    "policy.naming": _naming,
    "engine.dataset": _dataset,
    "engine.tables.usage": _table,
    "engine.tables.traffic": _table,
    "engine.tables.billing": _table,
    "policy.required_labels": _label,
    "policy.encryption_key": _encryption_key,
    "policy.min_instances": _not_negative,
    "policy.max_instances": _at_least_one,
}
