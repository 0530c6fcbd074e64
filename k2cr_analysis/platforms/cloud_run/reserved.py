"""What is Cloud Run's own, and not an application's to set or to be reached by."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_CONTRACT = Source("https://docs.cloud.google.com/run/docs/container-contract", "2026-04-08")
_ENVIRONMENT = Source(
    "https://docs.cloud.google.com/run/docs/configuring/services/overview-environment-variables", "2026-11-30"
)
_KNOWN_ISSUES = Source("https://docs.cloud.google.com/run/docs/known-issues", "2026-11-30")

# Set by the platform in every service, job or worker pool of the kind.
SERVICE_NAME_VARIABLE: Annotated[str, _CONTRACT] = "K_SERVICE"  # its value is the service's name
REVISION_VARIABLE: Annotated[str, _CONTRACT] = "K_REVISION"
SERVICE_VARIABLES: Annotated[tuple[str, ...], _CONTRACT] = (
    SERVICE_NAME_VARIABLE,
    REVISION_VARIABLE,
    "K_CONFIGURATION",
)
TASK_INDEX_VARIABLE: Annotated[str, _CONTRACT] = "CLOUD_RUN_TASK_INDEX"
JOB_VARIABLES: Annotated[tuple[str, ...], _CONTRACT] = (
    "CLOUD_RUN_JOB",
    "CLOUD_RUN_EXECUTION",
    TASK_INDEX_VARIABLE,
    "CLOUD_RUN_TASK_ATTEMPT",
    "CLOUD_RUN_TASK_COUNT",
)
WORKER_POOL_VARIABLES: Annotated[tuple[str, ...], _CONTRACT] = (
    "CLOUD_RUN_WORKER_POOL",
    "CLOUD_RUN_WORKER_POOL_REVISION",
)
VARIABLES: tuple[str, ...] = SERVICE_VARIABLES + JOB_VARIABLES + WORKER_POOL_VARIABLES
VARIABLE_PREFIX: Annotated[str, _ENVIRONMENT] = "X_GOOGLE_"
# Set by the platform in the ingress container of a service; elsewhere an ordinary variable.
PORT_VARIABLE: Annotated[str, _CONTRACT] = "PORT"


def is_reserved_variable(name: str, *, serves: bool) -> bool:
    """Whether nobody else may set a variable of this name. ``serves``: in the ingress container of a service."""
    return name in VARIABLES or name.startswith(VARIABLE_PREFIX) or (serves and name == PORT_VARIABLE)


# URL paths that never reach the container: these, and some that end in "z".
URL_PATHS: Annotated[tuple[str, ...], _KNOWN_ISSUES] = ("/eventlog", "/healthz")
URL_PREFIXES: Annotated[tuple[str, ...], _KNOWN_ISSUES] = ("/_ah/",)
URL_SUFFIX: Annotated[str, _KNOWN_ISSUES] = "z"


def reserved_url(path: str) -> bool:
    """Whether a URL path never reaches the container."""
    return path in URL_PATHS or path.startswith(URL_PREFIXES) or path in {p.rstrip("/") for p in URL_PREFIXES}


def may_be_reserved(path: str) -> bool:
    """Whether a URL path is of the sort of which some never reach the container."""
    return path.endswith(URL_SUFFIX) and not reserved_url(path)


# Destinations that Direct VPC egress may not reach.
UNREACHABLE_RANGES: Annotated[tuple[str, ...], _KNOWN_ISSUES] = ("192.168.1.0/24",)


def unreachable(text: str) -> bool:
    """Whether an address, or a range of them, lies in a range that cannot be reached; in IPv6's form too."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return False
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None:
        network = ip_network(f"{mapped}/{max(0, network.prefixlen - 96)}", strict=False)
    ranges = (ip_network(one) for one in UNREACHABLE_RANGES)
    return any(
        isinstance(network, IPv4Network) and isinstance(one, IPv4Network) and network.subnet_of(one) for one in ranges
    )
