"""What all scripts of a folder share: the head, and where PROJECT and REGION come from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from k2cr_analysis.rendering.context import RenderContext

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
_LOOKS_UNEXPANDED = re.compile(r"'[^']*[$`\\\\][^']*'")
PROJECT = '--project="$PROJECT"'
REGION = '--region="$REGION"'


def script(comments: Sequence[str], context: RenderContext, body: Sequence[str], *, region: bool = True) -> str:
    """A bash script: comments, ``set -euo pipefail``, PROJECT (and REGION), then ``body``."""
    lines = ["#!/usr/bin/env bash", *(comment(c) for c in comments)]
    if any(_LOOKS_UNEXPANDED.search(line) for line in body):
        lines.append(
            "# shellcheck disable=SC2016,SC1003  # values stand as they are: nothing in single quotes is to be expanded"
        )
    lines += ["set -euo pipefail", ""]
    lines += _taken("PROJECT", context.project, "project", "my-project")
    if region:
        lines += _taken("REGION", context.region, "run/region", "asia-northeast1")
    return "\n".join([*lines, "", *body]) + "\n"


def _taken(name: str, default: str | None, setting: str, example: str) -> list[str]:
    if default:
        return [f'{name}="${{{name}:-{default}}}"']
    return [
        f'{name}="${{{name}:-$(gcloud config get-value {setting} 2>/dev/null || true)}}"',
        f'if [[ -z "${name}" ]]; then',
        f'  echo "{name} is not known: export {name}={example}" >&2',
        "  exit 1",
        "fi",
    ]


def comment(text: str) -> str:
    """One comment line, whatever the text holds."""
    return f"# {_CONTROL.sub(' ', text)}".rstrip()


def command(words: Sequence[str], *, indent: str = "") -> list[str]:
    """A command over several lines: the first line as it is, then a word a line. Words are quoted already."""
    lines = [f"{indent}{words[0]}", *(f"{indent}  {w}" for w in words[1:])]
    return [f"{line} \\" for line in lines[:-1]] + [lines[-1]]


def unless(check: str, action: Sequence[str]) -> list[str]:
    """Run ``action`` unless ``check`` succeeds: safe to run twice."""
    return [f"if ! {check} >/dev/null 2>&1; then", *(f"  {line}" for line in action), "fi"]
