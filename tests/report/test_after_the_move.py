"""The page after the move reads the metrics of the service that render named, not of the workload's name."""

from __future__ import annotations

from dataclasses import replace

from k2cr_analysis.report.pages import after_the_move


def test_metrics_are_looked_up_under_the_name_that_render_gives(demo, monkeypatch):
    policy = replace(demo.config.policy, naming="run-{namespace}-{name}")
    house = replace(demo, config=replace(demo.config, policy=policy))
    asked = []
    monkeypatch.setattr(after_the_move, "run_metrics", lambda table, name: asked.append(name))
    monkeypatch.setattr(after_the_move, "verify", lambda *given: given[1])
    after_the_move.verified(house, ["portal/Deployment/frontend"], "file.csv", lambda *given: None)
    assert asked == ["run-portal-frontend"]
