"""Whom an entrance lets in today is told as it is: a list of callers or a login in front is no open door."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from k2cr_analysis.verdicts import assess
from tests.rendering.metamorphic import snapshot_of

NOBODY_YET = "nothing"  # is said to be open: the files let nobody in before that is decided
CASES = Path(__file__).parent / "cases"


def said(settings: dict[str, str]) -> str:
    """What is told of an Ingress whose controller has these settings for all of them."""
    text = (CASES / "controller-settings-not-seen" / "silent.config_map_is_there.yaml").read_text(encoding="utf-8")
    documents = [*yaml.safe_load_all(text)]
    (held,) = (d for d in documents if d["kind"] == "ConfigMap")
    held["data"] = settings
    web = next(w for w in assess(snapshot_of(documents), effort="quick").workloads if w.id == "shop/Deployment/web")
    return next((f.message for f in web.findings if f.rule == "open-to-everybody"), NOBODY_YET)


@pytest.mark.parametrize(
    ("settings", "who"),
    [
        ({}, "everybody on the internet"),
        ({"proxy-body-size": "8m"}, "everybody on the internet"),
        ({"whitelist-source-range": "203.0.113.0/24, 10.0.0.0/8"}, "callers of 203.0.113.0/24, 10.0.0.0/8 alone"),
        ({"global-auth-url": "https://auth.example.com"}, NOBODY_YET),
    ],
)
def test_who_reaches_it_is_told_with_what_its_controller_does_for_all(settings: dict[str, str], who: str) -> None:
    assert who in said(settings)
