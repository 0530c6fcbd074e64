"""What ``k2cr init`` puts into a team's own repository: a commented ``k2cr.toml`` and the notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from k2cr_analysis.errors import UsageError
from k2cr_analysis.resources import bundled

CONFIG_NAME = "k2cr.toml"


@dataclass(frozen=True, slots=True)
class Starter:
    """What was written, and what stood there already with another content and was left alone."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]


def write_starter(out: Path, *, overwrite: bool = False) -> Starter:
    """Write the config to ``out`` (a folder, or a file that ends in ``.toml``), and ``notebooks/`` beside it.

    A file that is there already with another content is kept, unless ``overwrite``.

    Raises
    ------
    UsageError  the folder cannot be written.
    """
    written: list[Path] = []
    kept: list[Path] = []
    for source, target in _pairs(out):
        content = source.read_bytes()
        try:
            if target.exists() and not overwrite:
                if target.read_bytes() != content:
                    kept.append(target)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            raise UsageError(
                ref="cannot-write", found=f"{target}: {error.strerror or error}", do="choose another place with --out"
            ) from error
        written.append(target)
    return Starter(tuple(written), tuple(kept))


def _pairs(out: Path) -> Iterator[tuple[Path, Path]]:
    config = out if out.suffix == ".toml" else out / CONFIG_NAME
    yield bundled("data", CONFIG_NAME), config
    for notebook in sorted(bundled("notebooks").glob("*.ipynb")):
        yield notebook, config.parent / "notebooks" / notebook.name
