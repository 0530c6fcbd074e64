"""Which queries a Prometheus is asked: found out by asking them all of a server that only listens."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from k2cr_analysis.sources.checkpoint import Unfinished
from k2cr_analysis.sources.prometheus.access import Access
from k2cr_analysis.sources.prometheus.client import Prometheus
from k2cr_analysis.sources.prometheus.queries import NAMES
from k2cr_analysis.sources.prometheus.read import read_prometheus
from k2cr_analysis.sources.retry import RetryPolicy

Asked = tuple[str, Mapping[str, str]]  # the path below /api/v1, and what is given


class _Listening(Prometheus):
    """Keeps what is asked of it, and knows every metric."""

    def __init__(self) -> None:
        super().__init__(Access("http://localhost"))
        self.asked: list[Asked] = []

    def _get(self, what: str, given: Mapping[str, str]) -> Any:
        self.asked.append((what, given))
        return sorted(NAMES) if what == "label/__name__/values" else [] if what.startswith("label/") else {}


def asked_of_prometheus(start: datetime, end: datetime) -> Sequence[Asked]:
    """Everything that is asked of a server which has all metrics that k2cr knows."""
    server = _Listening()
    with tempfile.TemporaryDirectory(prefix="k2cr-") as folder:
        work = Unfinished(Path(folder), (start, end), False)
        read_prometheus(Access("http://localhost"), (), None, ("usage", "traffic"), work, RetryPolicy(), server=server)
    return [(what, given) for what, given in server.asked if what != "label/cluster/values"]
