"""A calibration as a JSON file: what `k2cr verify` writes and `k2cr assess --calibration` reads."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from k2cr_analysis.atomic import write_whole
from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.latency.learning.calibration import Calibration, Factor, Learned
from k2cr_analysis.named_file import named_text

SCHEMA_VERSION = 1


def read_calibration(path: Path) -> Calibration:
    """The calibration of a file. ``InputError`` where there is none, or it is not what `k2cr verify` writes."""
    try:
        document = json.loads(named_text(path))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _refused(path, str(error)) from None
    try:
        version = document["schema_version"]
        learned = tuple(_learned(one) for one in document["learned"])
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(path, f"{type(error).__name__}: {error}") from None
    if version != SCHEMA_VERSION:
        raise _refused(path, f"schema_version {version}")
    return Calibration(learned)


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Whole or not at all: written beside the file, then put in its place."""
    document = {"schema_version": SCHEMA_VERSION, "learned": [asdict(one) for one in calibration.learned]}
    write_whole(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _learned(found: dict[str, Any]) -> Learned:
    of_requests = found["service_time"]
    return Learned(
        workload=str(found["workload"]),
        service=str(found["service"]),
        startup=tuple(_factor(one) for one in found["startup"]),
        service_time=None if of_requests is None else _factor(of_requests),
    )


def _factor(found: dict[str, Any]) -> Factor:
    factor = float(found["factor"])
    if not 0.0 < factor < math.inf:
        raise ValueError(f"factor {factor:g}, which is not above 0")
    return Factor(str(found["image"]), str(found["runtime"]), factor, int(found["samples"]))


def _refused(path: Path, found: str) -> InputError:
    return InputError(
        ref="not-a-calibration",
        where=Location(str(path)),
        found=found,
        expected="a calibration file, as `k2cr verify --calibration FILE` writes it",
        do="name the right file, or remove it and run `k2cr verify` again",
    )
