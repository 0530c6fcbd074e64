"""Traffic that nobody measured: its hours, and that it is said wherever a figure hangs on it."""

import numpy as np
import pytest

from k2cr_analysis.assessment.assess import assumed_words
from k2cr_analysis.assessment.recommending.steady_instances import assumed_profile
from k2cr_analysis.config import AssumedTraffic, load_config
from k2cr_analysis.errors import ConfigError


def test_an_even_rate_is_the_same_in_every_hour():
    found = assumed_profile(AssumedTraffic(0.5, 100))
    assert set(found.requests) == {1800}
    assert found.source == "assumed"


def test_office_hours_are_those_of_their_time_zone():
    tokyo = AssumedTraffic(1.0, 100, hours="09:00-18:00", days="Mon-Fri", timezone="Asia/Tokyo")
    found = assumed_profile(tokyo).requests.reshape(7, 24)
    assert found.sum() == 5 * 9 * 3600
    assert list(np.flatnonzero(found[0])) == list(range(9))  # Monday 9 to 18 in Tokyo is midnight to 9 in UTC
    assert "Mon-Fri 09:00-18:00 Asia/Tokyo" in assumed_words(tokyo)


@pytest.mark.parametrize(
    "line", ['hours = "9-18"', 'hours = "18:00-09:00"', 'days = "Fri-Mon"', 'timezone = "Mars/Base"']
)
def test_what_is_no_time_is_refused(tmp_path, line):
    path = tmp_path / "k2cr.toml"
    path.write_text(f"[traffic.assumed]\nrequests_per_s = 1\nlatency_ms = 100\n{line}\n")
    with pytest.raises(ConfigError):
        load_config(path)


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: web, ports: [{containerPort: 8080}], resources: {requests: {cpu: 500m, memory: 512Mi}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""


@pytest.fixture(scope="module")
def assumed(tmp_path_factory):
    """A snapshot of one Deployment, assessed with an assumed traffic."""
    from typer.testing import CliRunner

    from k2cr_analysis.cli import app
    from k2cr_analysis.config import Config
    from k2cr_analysis.verdicts import assess

    folder = tmp_path_factory.mktemp("assumed")
    (folder / "web.yaml").write_text(DEPLOYMENT)
    done = CliRunner().invoke(
        app,
        ["collect", "--manifests", str(folder / "web.yaml"), "--location", "us-central1", "--out", str(folder / "s")],
    )
    assert done.exit_code == 0, done.output
    return assess(folder / "s", Config(assumed_traffic=AssumedTraffic(0.2, 100)))


def test_every_surface_says_that_its_figures_rest_on_assumed_traffic(assumed):

    from k2cr_analysis.planning import plan_and_portfolio
    from k2cr_analysis.rendering.context import context_of
    from k2cr_analysis.rendering.folder import render_workload
    from k2cr_analysis.report import tables
    from k2cr_analysis.report.headings import candidate_heading, portfolio_heading
    from k2cr_analysis.report.json.documents import workload_document

    (one,) = assumed.workloads
    said = "0.2 requests/s at 100 ms"
    made, whole = plan_and_portfolio(assumed)
    assert workload_document(one)["assumed_traffic"] == said
    assert tables.workloads([assumed])["assumed_traffic"].tolist() == [said]
    for piece in (candidate_heading(one, assumed), portfolio_heading([assumed], whole, made)):
        assert "assumed traffic" in piece.text and said in piece.text
    cutover = render_workload(one, context_of(assumed))["cutover.md"]
    assert "All of this rests on assumed traffic" in cutover and "set it anew after the first day" in cutover
    leave = next(f for f in whole.futures if f.future == "leave")
    assert any("[traffic.assumed]" in why for why in leave.missing)
