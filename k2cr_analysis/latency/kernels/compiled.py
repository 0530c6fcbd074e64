"""How a kernel is compiled: the only place that knows numba."""

# numba's stubs know neither _nrt nor forceinline.
# mypy: disable-error-code="call-overload"
from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

from k2cr_analysis.platforms.cloud_run import billing

Kernel = Callable[..., int]
_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Nothing is allocated in a kernel, and counting references would cost a third of a microsecond a request."""
    return cast(_Function, njit(_nrt=False, error_model="numpy")(function))


def inlined(function: _Function) -> _Function:
    return cast(_Function, njit(_nrt=False, error_model="numpy", forceinline=True)(function))


def cached(entry: Callable[[int], Kernel]) -> Kernel:
    """An entry into the kernels, kept on disk from one process to the next.

    numba's cache sees a change in the entry's own file alone, but what an entry closes over is part of its key: so
    ``entry`` makes it from the digest of all files of this folder, and of the platform's facts that kernels read.
    """
    made = entry(_digest())
    try:
        return cast(Kernel, njit(_nrt=False, error_model="numpy", cache=True)(made))
    except RuntimeError:  # neither the package's folder nor the user's cache can be written: compile in each process
        return compiled(made)


def _digest() -> int:
    facts = Path(billing.__file__)
    sources = [*sorted(Path(__file__).parent.rglob("*.py")), facts]
    content = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).digest()
    return int.from_bytes(content[:7], "big") + 1
