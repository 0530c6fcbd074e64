"""Simulated months kept from one run to the next, under the content of all that they rest on.

A file a service, in the user's cache folder: what was simulated of the same requests, service times, start and seed by
the same code. Nothing in it decides anything: without the file the same months are simulated again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from k2cr_analysis.latency.load.service_time import ServiceTime
from k2cr_analysis.latency.month.requests import Load
from k2cr_analysis.latency.month.summary import MonthFigures
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.model.cloud_run import InstanceTimeline


def cache_folder() -> Path:
    """``months`` in the user's cache folder (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "k2cr" / "months"


@dataclass(frozen=True, slots=True)
class MonthStore:
    """``folder`` None: nothing is kept."""

    folder: Path | None

    @classmethod
    def nowhere(cls) -> MonthStore:
        return cls(None)

    @classmethod
    def of_user(cls) -> MonthStore:
        return cls(cache_folder())

    @contextmanager
    def opened(self, load: Load, service: ServiceTime, startup_s: float, seed: int) -> Iterator[Opened]:
        """The months of one service; what is new among them is written at the end."""
        key = _digest(load, service, startup_s, seed)
        file = None if self.folder is None else self.folder / f"{key}.json"
        known = _read(file)
        months = Opened(load, seed, known)
        yield months
        if file is not None and months.is_new:
            _write(file, months.known)


@dataclass(slots=True)
class Opened:
    """Months of one load by what was simulated of them."""

    load: Load
    seed: int
    known: dict[str, dict[str, Any]]
    is_new: bool = field(default=False, init=False)

    def month(self, service: ServiceConfig, requests: float) -> MonthFigures:
        """A month of the load on ``service``, from about so many simulated requests."""
        key = _of_config(service, requests)
        found = self.known.get(key)
        if found is not None:
            return _from_json(found)
        from k2cr_analysis.latency.month.month import least_requests, month_of

        fewer = least_requests(self.load, service, requests)
        if fewer < requests:
            return self.month(service, fewer)
        figures = month_of(self.load, service, self.seed, requests=requests).figures
        self.known[key] = _to_json(figures)
        self.is_new = True
        return figures


def _of_config(service: ServiceConfig, requests: float) -> str:
    values = [getattr(service, f.name) for f in fields(service) if f.name != "service_table_s"]
    return "|".join(f"{value!r}" for value in [*values, requests])


def _digest(load: Load, service: ServiceTime, startup_s: float, seed: int) -> str:
    content = hashlib.sha256(_code())
    content.update(load.requests.tobytes())
    content.update(service.sample_ms.tobytes())
    content.update(repr((load.period_s, load.requests_per_month, service.cpu_s, startup_s, seed)).encode())
    return content.hexdigest()[:40]


@cache
def _code() -> bytes:
    """The files that make a month: another version of them keeps its months apart."""
    here = Path(__file__).parent.parent
    files = sorted(path for name in ("kernels", "simulator", "month", "load") for path in (here / name).rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).digest()


def _to_json(figures: MonthFigures) -> dict[str, Any]:
    found = asdict(figures)
    found["timeline"] = {name: str(value) for name, value in found["timeline"].items()}
    return found


def _from_json(found: dict[str, Any]) -> MonthFigures:
    timeline = InstanceTimeline(**{name: Decimal(value) for name, value in found["timeline"].items()})
    return MonthFigures(**{**found, "timeline": timeline})


def _read(file: Path | None) -> dict[str, dict[str, Any]]:
    if file is None:
        return {}
    with suppress(OSError, ValueError):
        found = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def _write(file: Path, months: dict[str, dict[str, Any]]) -> None:
    """Whole or not at all; where the folder cannot be written the next run simulates again."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(months), encoding="utf-8")
        part.replace(file)
