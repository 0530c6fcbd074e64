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
    lines += [part for text in helpers(body) for part in ("", *text.splitlines())]
    return "\n".join([*lines, "", *body]) + "\n"


def helpers(body: Sequence[str]) -> list[str]:
    """The bash functions that a script calls."""
    calls = [line for line in body if not line.lstrip().startswith("#")]
    return [
        text
        for name, text in _HELPERS.items()
        if any(name in line and re.search(rf"(^|[ (!]){name} ", line) for line in calls)
    ]


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
# A tab stands between the fields; what says nothing of itself is taken for ours.
OURS = rf"""# ours KIND NAME WORD...: whether it is there already; stops where somebody else made it.
ours() {{
  local kind=$1 name=$2 said
  shift 2
  # shellcheck disable=SC2086  # a kind is two words
  said=$(gcloud $kind describe "$name" "$@" --format='value(name,description,labels.made-by)' 2>/dev/null) || return 1
  if [[ $said == *$'\t'* && ${{said#*$'\t'}} != *k2cr* ]]; then
    echo "$kind $name is there, and k2cr did not make it: it is left alone. Give the service another name," >&2
    echo "rename it or delete it if nobody uses it, or if it is the right one, say so on it:" >&2
    echo "'{MADE_BY_K2CR}' in its description, or the label made-by=k2cr on a secret." >&2
    exit 1
  fi
}}"""
# Source: IAM, "Access change propagation": typically 2 minutes, potentially 7 or longer; Service Usage, "Enable and
# disable services".
PATIENTLY = r"""# patiently WORD...: a command that needs what was made, granted or enabled a moment ago. Where it says
# that Google does not know that yet, it is tried again, for eight minutes.
patiently() {
  local said until=$((SECONDS + 480)) unknown
  unknown='Permission.* denied on secret|[Ss]ervice ?[Aa](ccount|gent).*(does not exist|not be found|must have)'
  unknown+='|Unknown service account|SERVICE_DISABLED|has not been used in project'
  exec 4>&1
  until said=$("$@" 2>&1 >&4 | tee >(cat >&2)); do
    if [[ ! $said =~ $unknown ]] || ((SECONDS > until)); then return 1; fi
    echo "Google does not know all of it yet, which may take minutes: once more in 15 s." >&2
    sleep 15
  done
}"""


_HELPERS = {"ours": OURS, "patiently": PATIENTLY}


def unless_ours(kind: str, named: str, action: Sequence[str]) -> list[str]:
    """Make it unless it is there and ours (``ours`` of the script). ``named``: its name, and where it stands."""
    words = [*action[:-1], f"{action[-1]} --description='{MADE_BY_K2CR}'"]
    return [f"if ! ours {quote(kind)} {named}; then", *(f"  {line}" for line in words), "fi"]


def unless(check: str, action: Sequence[str]) -> list[str]:
    """Run ``action`` unless ``check`` succeeds: safe to run twice."""
    return [f"if ! {check} >/dev/null 2>&1; then", *(f"  {line}" for line in action), "fi"]
