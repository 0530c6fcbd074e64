"""What Cloud Logging takes of the request logs that Cloud Run writes."""

from __future__ import annotations

from typing import Annotated

from k2cr_analysis.platforms.source import Source

# Nobody publishes the size of an entry; it has some 30 fields of text, and the URL and the user agent vary.
_GUESS = Source("k2cr's own assumption: half a KiB to two", None)

REQUEST_LOG_BYTES: Annotated[tuple[int, int], _GUESS] = (512, 2048)
