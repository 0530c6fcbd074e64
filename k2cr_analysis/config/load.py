"""Read and validate ``k2cr.toml``."""

from __future__ import annotations

from pathlib import Path

from k2cr_analysis.config.settings import Config


def load_config(path: Path | None) -> Config:
    return Config()
