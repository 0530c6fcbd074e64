"""How long a container took until its pod was ready, where a live pod shows it."""

from __future__ import annotations

from typing import Any

import pytest

from k2cr_analysis.model.parse.node import seen_start


def pod(**changes: Any) -> dict[str, Any]:
    app = {"name": "app", "readinessProbe": {"httpGet": {"port": 8080}, "periodSeconds": 5}}
    sidecar: dict[str, Any] = {"name": "proxy"} | changes.get("sidecar", {})
    return {
        "spec": {"containers": [app, sidecar]},
        "status": {
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": changes.get("scheduled")},
                {
                    "type": "Ready",
                    "status": changes.get("status", "True"),
                    "lastTransitionTime": changes.get("ready", "2026-11-01T10:00:42Z"),
                },
            ],
            "containerStatuses": [
                {
                    "name": "app",
                    "restartCount": changes.get("restarts", 0),
                    "state": {"running": {"startedAt": "2026-11-01T10:00:02Z"}},
                }
            ],
        },
    }


def test_from_the_container_s_start_to_readiness():
    found = seen_start(pod())
    assert found is not None
    assert (found.container, found.after_s, found.period_s, found.before_s) == ("app", 40.0, 5.0, None)


@pytest.mark.parametrize(("scheduled", "before_s"), [("2026-11-01T09:59:50Z", 12.0), ("2026-11-01T10:00:30Z", None)])
def test_what_goes_before_the_start_is_told_apart(scheduled, before_s):
    found = seen_start(pod(scheduled=scheduled))
    assert found is not None and (found.after_s, found.before_s) == (40.0, before_s)


@pytest.mark.parametrize(
    "changes",
    [
        {"restarts": 1},
        {"status": "False"},
        {"ready": "2026-11-03T10:00:00Z"},  # it lost its readiness in between
        {"ready": None},
        {"sidecar": {"readinessProbe": {"tcpSocket": {"port": 1}}}},  # either may be the slow one
        {"sidecar": {"startupProbe": {"tcpSocket": {"port": 1}}}},
    ],
)
def test_none_where_the_pod_does_not_show_it(changes):
    assert seen_start(pod(**changes)) is None
