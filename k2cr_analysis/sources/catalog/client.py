"""Cloud Billing Catalog's client: every public SKU of a service, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from k2cr_analysis.errors import RemoteError
from k2cr_analysis.remote.clients import CATALOG, require
from k2cr_analysis.remote.credentials import LOG_IN, Caller, switch_on
from k2cr_analysis.remote.endpoints import PLAINTEXT_CHANNEL, endpoint, speaks_http2
from k2cr_analysis.remote.google_errors import GoogleError
from k2cr_analysis.sources.retry import Busy, RetryPolicy, unless_busy

_TIMEOUT_S: Final = 60.0
_PAGE_SKUS: Final = 5000


def read_skus(
    services: tuple[str, ...], currency: str, caller: Caller | None = None, retry: RetryPolicy | None = None
) -> Iterator[tuple[str, Any]]:
    """(service id, raw ``Sku`` message) of every SKU. ``RemoteError`` where the API refuses or stays busy."""
    client = _client(caller or Caller())
    for service in services:
        request = {"parent": f"services/{service}", "currency_code": currency, "page_size": _PAGE_SKUS}
        while True:
            page = _page(client, request, retry or RetryPolicy())
            for sku in page.skus:
                yield service, sku
            if not page.next_page_token:
                break
            request["page_token"] = page.next_page_token


def _page(client: Any, request: dict[str, Any], retry: RetryPolicy) -> Any:
    def page() -> Any:
        wrapper = next(iter(client.list_skus(request=request, retry=None, timeout=_TIMEOUT_S).pages))
        return type(wrapper).pb(wrapper)

    try:
        return retry.run(lambda: unless_busy(page))
    except Busy as busy:
        error = busy.answer
    except GoogleError as refused:
        error = refused
    raise _refused(f"{request['parent']}: {error.told}" if error.code else error.said, error)


def _refused(found: str, error: GoogleError) -> RemoteError:
    switched_on = switch_on("cloudbilling.googleapis.com", None)
    remedies = {"api-off": switched_on, "no-credentials": LOG_IN, "no-right": f"{switched_on}; {LOG_IN}"}
    return RemoteError(
        ref="catalogue-not-read",
        found=found,
        expected="the public price list of the Cloud Billing Catalog",
        do=remedies.get(error.kind, error.remedy),
    )


def _client(caller: Caller) -> Any:
    require(CATALOG)
    from google.cloud.billing_v1 import CloudCatalogClient

    moved = endpoint("BILLING")
    if moved is None:
        return CloudCatalogClient(credentials=caller.credentials())
    if not moved.is_plaintext:
        return CloudCatalogClient(credentials=caller.credentials(), client_options={"api_endpoint": moved.address})
    return CloudCatalogClient(transport=_plaintext(moved.address))


def _plaintext(address: str) -> Any:
    """A transport without TLS and credentials: gRPC, or REST where the end speaks that alone."""
    from google.cloud.billing_v1.services.cloud_catalog import transports

    if not speaks_http2(address):
        from google.auth.credentials import AnonymousCredentials

        make: Any = AnonymousCredentials
        transport = transports.CloudCatalogRestTransport(host=address, credentials=make(), url_scheme="http")
        transport._session.trust_env = False  # no proxy of the environment between this machine and itself
        return transport
    import grpc  # type: ignore[import-untyped]

    return transports.CloudCatalogGrpcTransport(channel=grpc.insecure_channel(address, options=PLAINTEXT_CHANNEL))
