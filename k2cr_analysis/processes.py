"""A batch in several processes, where there is enough of it: each begins as a copy of this one, with all that is there.

What is done in them is plain Python over values that are there already: a copy of a process has none of its threads,
and whoever needs those of DuckDB or numpy would wait for ever.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

_LEAST = 100  # below that a second process takes longer to begin than it saves
_MOST = 8
_CHUNK = 16
Item = TypeVar("Item")
Made = TypeVar("Made")

_work: list[tuple[Callable[[Any], Any], Sequence[Any]]] = []


def in_processes(do: Callable[[Item], Made], items: Sequence[Item]) -> Iterator[Made]:
    """``do`` of each item, in their order; in this process alone where they are few, or it cannot be copied.

    An error in one of them is raised here, as it would be without processes. Results are sent back by pickle.
    """
    jobs = min(processors(), _MOST)
    if jobs < 2 or len(items) < _LEAST or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(do, items)
        return
    _work.append((do, items))
    gc.freeze()  # else each copy looks at, and so copies, all that is there
    try:
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork")) as pool:
            yield from pool.map(_one, range(len(items)), chunksize=_CHUNK)
    finally:
        gc.unfreeze()
        _work.pop()


def _one(index: int) -> Any:
    do, items = _work[-1]
    return do(items[index])


def processors() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
