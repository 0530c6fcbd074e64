"""What one service taught goes to others for a known runtime's start alone, the less the fewer taught it."""

from __future__ import annotations

import pytest

from k2cr_analysis.latency.learning.calibration import Calibration, Factor, Learned

OWN, GO, GO_TOO, UNKNOWN = "reg.io/a/pricing", "reg.io/a/golang-x", "reg.io/a/golang-y", "reg.io/a/other"


def learned(image: str, runtime: str, start: float, time: float, service: str = "s") -> Learned:
    return Learned(
        f"ns/Deployment/{service}", service, (Factor(image, runtime, start, 50),), Factor(image, runtime, time, 900)
    )


def corrections(calibration: Calibration, image: str):
    return calibration.corrections({"c": f"{image}:2"}, "c")


def test_its_own_image_has_what_it_taught():
    found = corrections(Calibration((learned(OWN, "unknown runtime", 6.0, 1.95),)), OWN)
    assert (found.startup, found.service_time) == ({"c": pytest.approx(6.0)}, pytest.approx(1.95))
    assert len(found.said) == 2


def test_an_unknown_runtime_is_no_runtime():
    found = corrections(Calibration((learned(OWN, "unknown runtime", 6.0, 1.95),)), UNKNOWN)
    assert (found.startup, found.service_time, found.said) == ({}, 1.0, ())


def test_a_known_runtime_teaches_its_start_shrunk_and_never_a_service_time():
    one = corrections(Calibration((learned(GO, "Go", 8.0, 3.0),)), GO_TOO)
    assert one.startup["c"] == pytest.approx(8.0 ** (1 / 3))
    assert one.service_time == 1.0
    many = [learned(f"{GO}{n}", "Go", 8.0, 3.0, f"s{n}") for n in range(6)]
    assert corrections(Calibration(tuple(many)), GO_TOO).startup["c"] == pytest.approx(8.0 ** (6 / 8))


def test_an_image_that_many_services_run_counts_once():
    same = [learned(GO, "Go", 8.0, 3.0, f"s{n}") for n in range(6)]
    assert corrections(Calibration(tuple(same)), GO_TOO).startup["c"] == pytest.approx(8.0 ** (1 / 3))
