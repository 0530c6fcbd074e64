"""Where the files that travel with the package are: ``data/`` and ``notebooks/``.

In a wheel they lie inside the package; in a checkout they stand at the top of the repository.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def bundled(*parts: str) -> Path:
    """The path of a bundled file or folder, such as ``bundled("data", "demo")``."""
    inside = _PACKAGE.joinpath(*parts)
    return inside if inside.exists() else _PACKAGE.parent.joinpath(*parts)
