"""One mapping of Google's errors: no other module knows the exceptions of the client libraries.

What is not Google's has one module each: Prometheus' HTTP end, the API server of a cluster.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "k2cr_analysis"
HOMES = {
    r"google\.(api_core|auth|cloud)\b.*": "remote/google_errors.py",
    r"requests\.exceptions\b.*": "remote/google_errors.py|sources/prometheus/client.py",
    r"(urllib3|kubernetes)\b.*": "sources/cluster_api/connection.py",
    r"tenacity\b.*": "sources/retry.py",
}
AN_EXCEPTION = re.compile(r"(^|\.)exceptions(\.|$)|Error$|NotFound$|Forbidden$|ServiceUnavailable$|^tenacity")


def _imported(tree: ast.AST) -> dict[str, str]:
    """What each name of a file stands for, in full."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {
                alias.asname or alias.name.partition(".")[0]: (alias.asname and alias.name)
                or alias.name.partition(".")[0]
                for alias in node.names
            }
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _known(text: str) -> Iterator[str]:
    """The exceptions of others that a file imports, catches or raises, in full."""
    tree = ast.parse(text)
    names = _imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            yield f"{names.get(first, first)}.{rest}"


def astray(text: str, file: str) -> list[str]:
    found = {name for name in _known(text) if AN_EXCEPTION.search(name)}
    return sorted(
        name for name in found for of, home in HOMES.items() if re.fullmatch(of, name) and file not in home.split("|")
    )


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_exceptions_of_others_are_known_in_one_place(file: Path) -> None:
    assert astray(file.read_text(encoding="utf-8"), file.relative_to(PACKAGE).as_posix()) == []


@pytest.mark.parametrize(
    "text",
    [
        "from google.api_core.exceptions import NotFound",
        "import google.auth.exceptions",
        "from google.auth import exceptions as e",
        "import requests\ntry: ...\nexcept requests.exceptions.Timeout: ...",
        "import requests as r\ntry: ...\nexcept r.exceptions.Timeout: ...",
        "from requests.exceptions import ConnectionError",
        "import urllib3\nraise urllib3.exceptions.HTTPError",
        "from tenacity import Retrying",
    ],
)
def test_a_stray_exception_is_found(text: str) -> None:
    assert astray(text, "queries/engine.py")
