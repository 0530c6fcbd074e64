"""The metrics of a window, chunk by chunk: several at a time, each kept as soon as it is whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Final

import pyarrow as pa

from k2cr_analysis.errors import RemoteError
from k2cr_analysis.sources.checkpoint import Unfinished
from k2cr_analysis.sources.monitoring.chunks import Chunk, from_bytes, table_of, to_bytes
from k2cr_analysis.sources.monitoring.client import Monitoring
from k2cr_analysis.sources.monitoring.descriptors import Descriptor
from k2cr_analysis.sources.monitoring.queries import MetricQuery

# Google's advice against 429: no more than this many at a time.
_AT_ONCE: Final = 8


def missing(wanted: Sequence[Chunk], work: Unfinished) -> list[Chunk]:
    """The chunks that are still to be read."""
    return [chunk for chunk in wanted if not (work.folder / chunk.name).is_file()]


def read_chunks(
    monitoring: Monitoring,
    wanted: Sequence[Chunk],
    place: tuple[str, str],
    work: Unfinished,
    described: Mapping[str, Descriptor],
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, RemoteError]:
    """Read and keep what is missing; ``place`` is the cluster's name and location.

    Gives the error of each metric type that could not be read whole. Its other days are not asked for any more; the
    other metrics are read all the same.
    """
    left = missing(wanted, work)
    failed: dict[str, RemoteError] = {}
    lock = threading.Lock()

    def read(chunk: Chunk) -> None:
        metric = chunk.query.metric_type
        if metric in failed:
            return
        try:
            points = monitoring.points(chunk.query, *place, chunk.start, chunk.end, described.get(metric))
        except RemoteError as error:
            with lock:
                failed.setdefault(metric, error)
            return
        work.keep(chunk.name, to_bytes(table_of(points, chunk.query)))

    upcoming = iter(left)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        running: set[Future[None]] = {pool.submit(read, chunk) for chunk in islice(upcoming, _AT_ONCE)}
        done_count = len(wanted) - len(left)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
                done_count += 1
                tell(done_count, len(wanted))
                running |= {pool.submit(read, chunk) for chunk in islice(upcoming, 1)}
    return failed


def kept_chunks(wanted: Sequence[Chunk], work: Unfinished) -> Iterator[tuple[MetricQuery, pa.Table]]:
    """Every chunk as it was kept."""
    for chunk in wanted:
        content = work.chunk(chunk.name)
        if content is not None:
            yield chunk.query, from_bytes(content)
