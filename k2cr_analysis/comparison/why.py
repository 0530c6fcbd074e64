"""The inputs that differ, value by value: of one workload, and those that are nobody's own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from k2cr_analysis.assessment.result import WorkloadAssessment
from k2cr_analysis.comparison.fields import manifest_changes, mapping_changes
from k2cr_analysis.comparison.result import FieldChange
from k2cr_analysis.comparison.steps import Chain, Step
from k2cr_analysis.model.cloud_run import ServiceShape, cpu_text, memory_text
from k2cr_analysis.model.money import decimal_text
from k2cr_analysis.model.observed import TrafficProfile, WorkloadUsage
from k2cr_analysis.model.prices import LIST_PRICE, Price
from k2cr_analysis.platforms.billing import SECONDS_PER_MONTH

_MIB = 2**20


def own_changes(found: Chain, was: str, identity: str) -> Iterator[FieldChange]:
    """What of one workload's manifest, usage and traffic differs."""
    before, after = found.before, found.after
    yield from manifest_changes(before.workloads[was].workload, after.workloads[identity].workload)
    names = ((before, was), (after, identity))
    usages = [_usage(step.assessment.usage.get(name)) for step, name in names]
    yield from mapping_changes("usage", usages[0], usages[1])
    profiles = [_traffic(step.assessment.traffic.get(name)) for step, name in names]
    yield from mapping_changes("traffic", profiles[0], profiles[1])


def shape_changes(found: Chain, was: str, identity: str) -> Iterator[FieldChange]:
    """What of the recommended shape differs; the cause is the last input that moved the value."""

    def value(step: Step, field: str) -> str | None:
        return _shape(step.workload(was, identity)).get(field)

    before, after = (_shape(step.workload(was, identity)) for step in (found.before, found.after))
    for change in mapping_changes("", before, after):
        causes = found.causes(lambda step, field=change.path: value(step, field))  # type: ignore[misc]
        yield dataclasses.replace(change, cause=causes[-1] if causes else "")


def shared_changes(found: Chain) -> Iterator[FieldChange]:
    """Settings and prices that differ; of the prices those that could count: of the regions, and of the discounts."""
    before, after = found.before.assessment, found.after.assessment
    yield from mapping_changes("config", _settings(before.config), _settings(after.config))
    regions = {before.region, after.region, "global"}
    models = {LIST_PRICE, before.config.rates.cud, after.config.rates.cud}
    prices = [
        {
            _name(p): f"{decimal_text(p.rate)} {p.currency}"
            for p in a.prices.prices
            if p.region in regions and p.consumption_model in models
        }
        for a in (before, after)
    ]
    yield from mapping_changes("prices", prices[0], prices[1])


def _name(price: Price) -> str:
    """A price's meter, where it holds, and which of several it is."""
    words = [price.meter, price.region]
    if price.consumption_model != LIST_PRICE:
        words.append(price.consumption_model)
    if price.tier_start:
        words.append(f"from {decimal_text(price.tier_start)}")
    return " ".join(words)


def _usage(used: WorkloadUsage | None) -> Mapping[str, str]:
    if used is None:
        return {}
    found = {"pods.mean": _number(used.mean_pods), "pods.most": _number(used.max_pods)}
    for name, container in used.containers.items():
        found[f"{name}.cpu_mean_cores"] = _number(container.cpu_mean_cores)
        found[f"{name}.cpu_p95_cores"] = _number(container.cpu_quantiles_cores.get(0.95))
        memory = container.memory_quantiles_bytes.get(1.0)
        found[f"{name}.memory_max_mib"] = _number(None if memory is None else memory / _MIB)
        found[f"{name}.restarts"] = _number(container.restarts)
    return {key: value for key, value in found.items() if value is not None}


def _traffic(profile: TrafficProfile | None) -> Mapping[str, str]:
    if profile is None:
        return {}
    known_s = int(profile.known.sum()) * profile.period_s
    requests = float(profile.requests[profile.known].sum()) / known_s * float(SECONDS_PER_MONTH) if known_s else None
    found = {
        "requests_month": _number(None if requests is None else round(requests)),
        "latency_mean_ms": _number(profile.latency_mean_ms),
        "error_ratio": _number(profile.error_ratio),
        "source": profile.source,
    }
    return {key: value for key, value in found.items() if value is not None}


def _shape(assessed: WorkloadAssessment | None) -> Mapping[str, str]:
    shape: ServiceShape | None = None if assessed is None else assessed.shape
    if shape is None:
        return {}
    found = {
        "target": shape.target,
        "concurrency": _number(shape.concurrency),
        "min_instances": _number(shape.min_instances),
        "max_instances": _number(shape.max_instances),
        "billing": shape.billing,
        "execution_environment": shape.execution_environment,
    }
    for name, container in shape.containers.items():
        found[f"containers.{name}.cpu"] = cpu_text(container.cpu_cores)
        found[f"containers.{name}.memory"] = memory_text(container.memory_bytes)
    return {key: str(value) for key, value in found.items() if value is not None}


def _settings(settings: Any, path: str = "") -> dict[str, str]:
    """Every value of the config by its dotted key."""
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        entries = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}
    elif isinstance(settings, Mapping):
        entries = dict(settings)
    else:
        return {} if settings is None else {path: str(settings)}
    found: dict[str, str] = {}
    for key, value in entries.items():
        found |= _settings(value, f"{path}.{key}" if path else str(key))
    return found


def _number(value: float | int | Decimal | None) -> str | None:
    if value is None:
        return None
    return str(value) if isinstance(value, int) else f"{float(value):.6g}"
