"""The client libraries of the remote ends, which are not part of the core installation."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final, Literal

from k2cr_analysis.errors import UsageError

Client = Literal[
    "kubernetes", "google.cloud.monitoring_v3", "google.cloud.bigquery", "google.cloud.billing_v1", "sqlglot"
]
KUBERNETES: Final = "kubernetes"
MONITORING: Final = "google.cloud.monitoring_v3"
BIGQUERY: Final = "google.cloud.bigquery"
SQL_TRANSLATOR: Final = "sqlglot"
CATALOG: Final = "google.cloud.billing_v1"


def require(*clients: Client) -> None:
    """``UsageError`` where a client library is not installed."""
    missing = [name for name in clients if not _is_installed(name)]
    if missing:
        raise UsageError(
            ref="client-not-installed",
            found=f"no Python package {', '.join(missing)}",
            expected="the client libraries of the extra `cloud`",
            do="pip install 'k2cr-analysis[cloud]'",
        )


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the package above it is not there
        return False
