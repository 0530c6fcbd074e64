"""Binary heaps of (key, what), from ``base`` on in an array of entries."""

from __future__ import annotations

from k2cr_analysis.latency.kernels.compiled import inlined
from k2cr_analysis.latency.kernels.state import Records


@inlined
def push(heap: Records, base: int, n: int, key: float, item: int) -> None:
    """Enter one more beside n."""
    i = n
    while i > 0:
        parent = (i - 1) >> 1
        if heap[base + parent].key <= key:
            break
        heap[base + i].key = heap[base + parent].key
        heap[base + i].what = heap[base + parent].what
        i = parent
    heap[base + i].key = key
    heap[base + i].what = item


@inlined
def pop(heap: Records, base: int, n: int) -> None:
    """Take off the least of n: the gap sinks to the bottom, the last one rises from there.

    Fewer comparisons that no one can foretell than moving the last one down from the top.
    """
    n -= 1
    i = 0
    child = 1
    while child < n:
        child += heap[base + child + 1].key < heap[base + child].key
        heap[base + i].key = heap[base + child].key
        heap[base + i].what = heap[base + child].what
        i = child
        child = 2 * i + 1
    if i < n:
        push(heap, base, i, heap[base + n].key, heap[base + n].what)
