"""BigQuery's client, at Google's own address or at the one that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from k2cr_analysis.remote.clients import BIGQUERY, require
from k2cr_analysis.remote.credentials import Caller
from k2cr_analysis.remote.endpoints import endpoint
from k2cr_analysis.remote.google_errors import GoogleError, asked

if TYPE_CHECKING:
    import pyarrow as pa

# BigQuery's on-demand price; the first TiB of a month is free, and 10 MiB a query is the least that is billed.
# Source: "BigQuery pricing", on-demand compute.
USD_PER_TIB: Final = Decimal("6.25")
TIB: Final = 2**40
_MIB: Final = 2**20
LEAST_BILLED_BYTES: Final = 10 * _MIB
_RETRY_S: Final = 120.0


def client(project: str, caller: Caller) -> Any:
    """A ``google.cloud.bigquery.Client`` whose jobs run in ``project``; ``UsageError`` without the client library."""
    require(BIGQUERY)
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.bigquery import Client

    moved = endpoint("BIGQUERY")
    make: Any = Client
    if moved is None:
        return make(project=project, credentials=caller.credentials())
    anonymous: Any = AnonymousCredentials
    credentials = anonymous() if moved.is_plaintext else caller.credentials()
    made = make(project=project, credentials=credentials, client_options={"api_endpoint": moved.url})
    # No proxy of the environment between this machine and itself.
    made._http.trust_env = not moved.is_plaintext
    return made


def billable_bytes(estimated: int, tables: int = 1) -> int:
    """The most that a query can be billed for; ``estimated`` by its dry run, over ``tables`` different ones.

    Each table is billed in whole MiB, 10 MiB at least: the most where one has it all and the others next to nothing.
    A cap of the dry run's exact bytes is refused. Source: "BigQuery pricing", on-demand; issue exmergo/dex#320.
    """
    whole_mib = -(-estimated // _MIB) * _MIB
    return max(whole_mib, LEAST_BILLED_BYTES) + (tables - 1) * LEAST_BILLED_BYTES


def retry() -> Any:
    """The client's own retries, for at most two minutes."""
    from google.cloud.bigquery import DEFAULT_RETRY

    return DEFAULT_RETRY.with_timeout(_RETRY_S)


def batches(client: Any, rows: Callable[[], Any]) -> Iterator[pa.RecordBatch]:
    """The rows of a result as Arrow, a page in memory at a time.

    By the Storage API, which is several times faster, where its client is installed and the caller may use it; else by
    REST. ``rows`` gives the ``RowIterator``, which can be gone through once.
    """
    storage = _storage_client(client)
    if storage is not None:
        try:
            stream = iter(asked(lambda: rows().to_arrow_iterable(bqstorage_client=storage)))
            first = asked(lambda: next(stream, None))
        except GoogleError:
            stream, first = iter(rows().to_arrow_iterable()), None  # roles/bigquery.readSessionUser is not given
    else:
        stream, first = iter(rows().to_arrow_iterable()), None
    if first is not None:
        yield first
    yield from stream


def _storage_client(client: Any) -> Any:
    """None where the endpoint was moved, for then the Storage API is elsewhere too, or is not installed."""
    if endpoint("BIGQUERY") is not None:
        return None
    try:
        from google.cloud.bigquery_storage import BigQueryReadClient
    except ImportError:
        return None
    reader: Any = BigQueryReadClient  # its signature has no types
    return reader(credentials=client._credentials)
