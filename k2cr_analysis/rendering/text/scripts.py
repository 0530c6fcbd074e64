"""What all scripts of a folder share: the head, and where PROJECT and REGION come from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from k2cr_analysis.rendering.context import RenderContext
from k2cr_analysis.rendering.text.shell import quote
from k2cr_analysis.rendering.text.values import PREAMBLE

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
    lines += ["set -euo pipefail", "", *PREAMBLE]
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


MADE_BY_K2CR = "made by k2cr"
# gcloud's own output begins with the name; what says nothing of itself is taken for ours.
OURS = rf"""# ours KIND NAME WORD...: whether it is there already; stops where somebody else made it.
ours() {{
  local kind=$1 name=$2 said
  shift 2
  # shellcheck disable=SC2086  # a kind is two words
  said=$(gcloud $kind describe "$name" "$@" --format='value(name,description)' 2>/dev/null) || return 1
  if [[ $said == "$name"$'\t'* && $said != *'{MADE_BY_K2CR}'* ]]; then
    echo "$kind $name is there, and k2cr did not make it: it is left alone. Give the service another name," >&2
    echo "or rename or delete it if nobody uses it." >&2
    exit 1
  fi
}}"""


def unless_ours(kind: str, named: str, action: Sequence[str]) -> list[str]:
    """Make it unless it is there and ours (``ours`` of the script). ``named``: its name, and where it stands."""
    words = [*action[:-1], f"{action[-1]} --description='{MADE_BY_K2CR}'"]
    return [f"if ! ours {quote(kind)} {named}; then", *(f"  {line}" for line in words), "fi"]


def unless(check: str, action: Sequence[str]) -> list[str]:
    """Run ``action`` unless ``check`` succeeds: safe to run twice."""
    return [f"if ! {check} >/dev/null 2>&1; then", *(f"  {line}" for line in action), "fi"]
