"""The class of a response: ``2xx``, ``4xx``, ``5xx``, of an HTTP status or a gRPC code."""

from __future__ import annotations

from typing import Final

# google.rpc.Code names and numbers -> class. Source: google/rpc/code.proto, "HTTP Mapping".
_GRPC_SERVER: Final = frozenset({"UNKNOWN", "DEADLINEEXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATALOSS",
                                 "2", "4", "12", "13", "14", "15"})  # fmt: skip
_GRPC_OK: Final = frozenset({"OK", "0", ""})


def grpc_class(code: str) -> str:
    """Of a gRPC code by its name, in any spelling, or its number."""
    word = code.upper().replace("_", "")
    return "2xx" if word in _GRPC_OK else "5xx" if word in _GRPC_SERVER else "4xx"


def http_class(code: str) -> str:
    """``200`` and ``2xx`` are ``2xx``; 0 is a request without an answer."""
    return f"{code[0]}xx" if code[:1] in "12345" and code else "0xx"
