"""Answers of a Prometheus in a folder: what a person with access has asked for, read by one who has none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from k2cr_analysis.sources.prometheus.access import Access
from k2cr_analysis.sources.prometheus.client import Prometheus


def file_name(what: str, given: Mapping[str, str]) -> str:
    """The file of an answer: of one query a name with its last moment behind it."""
    if what.startswith("label/"):
        return f"{what.replace('/', '-')}.json"
    return f"{query_name(what, given)}-{moment_of(given)}.json"


def query_name(what: str, given: Mapping[str, str]) -> str:
    text = "|".join((what, given["query"], given.get("step", "")))
    return f"{what}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def moment_of(given: Mapping[str, str]) -> int:
    return int(float(given.get("end") or given["time"]))


class Recorded(Prometheus):
    """A folder of answers in a server's place."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Access(str(folder)))
        self._folder = folder

    def label_values(self, label: str, start: datetime, end: datetime) -> list[str]:
        # Queries were asked without a cluster's name, so that none may be looked for by it.
        return [] if label == "cluster" else super().label_values(label, start, end)

    def _get(self, what: str, given: Mapping[str, str]) -> Any:
        file = self._folder / file_name(what, given)
        try:
            body = json.loads(file.read_bytes())
        except OSError:
            raise self._error(
                f"no answer {file.name}",
                "the answers to all queries of this window",
                "run the printed script to its end, and give --window and --end as its last line does",
            ) from None
        except ValueError:
            body = {}
        if not isinstance(body, dict) or body.get("status") != "success":
            raise self._error(f"{file.name} holds no answer of Prometheus", "the answers as they came", "ask it again")
        return body.get("data") or {}
