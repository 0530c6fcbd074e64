"""``values.env`` and ``fill.sh``: what is not known at render time, and how scripts get it.

The same word stands in every file of the folder: it is the name of a key in ``values.env``. A script does not run in
the folder itself; ``fill.sh`` runs it in a copy, in which the words are filled in. So the folder stays as it was
reviewed, and nothing starts while a value is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from k2cr_analysis.rendering.context import NETWORK, PROJECT_ID, PROJECT_NUMBER, RenderContext
from k2cr_analysis.rendering.text.shell import quote

VALUES, FILL = "values.env", "fill.sh"
KEEP = "K2CR_PLACEHOLDERS"  # "keep": the literals stay, for checks offline
# What a value may hold: it stands in YAML and in scripts without quotes.
_LEGAL = "[A-Za-z0-9._:/@,+=-]+"
_KEY = re.compile(r"^([A-Z][A-Z0-9_]*)=", re.M)
# In each script: a copy of the folder, filled in, takes over.
PREAMBLE = (
    'here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)',
    f'if [[ ${{{KEEP}:-}} != keep && -z ${{K2CR_FILLED:-}} && -e "$here/{VALUES}" ]]; then',
    f'  exec bash "$here/{FILL}" "$(basename "${{BASH_SOURCE[0]}}")" "$@"',
    "fi",
)
# Releases are the pipeline's: deploy.sh changes settings, and the image that runs stays.
_KEEP_IMAGE = r"""if [[ $1 == deploy.sh && ${K2CR_IMAGE:-} != written ]]; then
  running=$(gcloud run DESCRIBE --project="$PROJECT" --region="$REGION" --flatten='AT[]' \
    --format='csv[no-heading](AT.name,AT.image)' 2>/dev/null | sed -n 's/^CONTAINER,//p' || true)
  if [[ $running =~ ^[A-Za-z0-9._:/@-]+$ && $running != WRITTEN ]]; then
    echo "CONTAINER keeps the image that runs, $running; K2CR_IMAGE=written deploys the one that is written here." >&2
    for file in deploy.sh SPEC; do
      sed -E "s#(--image=|image: )PATTERN( |\$)#\\1$running\\2#" "$copy/$file" >"$copy/kept"
      mv "$copy/kept" "$copy/$file"
    done
  fi
fi
"""
_FILL = r"""
missing=()
words=(-e '')
# take KEY COMMAND LATER: the value of a key: what stands in values.env, else what COMMAND prints; else the script does
# not start, or where LATER says how it comes to be known, starts with the word as it is.
take() {
  local key=$1 command=$2 later=$3 value=${!1:-} before after
  if [[ -z $value && -n $command ]]; then value=$(bash -c "$command" 2>/dev/null || true); fi
  if [[ -z $value && -n $later ]]; then
    echo "$key is not known yet: $later" >&2
    return
  fi
  if [[ -z $value ]]; then
    missing+=("$key")
    return
  fi
  if [[ ! $value =~ ^LEGAL$ ]]; then
    echo "values.env: $key holds a character that cannot stand in the files. Expected: LEGAL" >&2
    exit 1
  fi
  # Not the name of a variable ("name: KEY", "KEY=", "$KEY"), and no part of a longer word. Twice, for neighbours.
  before='(^|[^A-Za-z0-9_$({])' after='($|[^A-Za-z0-9_=])'
  words+=(-e "/name: $key\$/!s#$before$key$after#\\1$value\\2#g")
  words+=(-e "/name: $key\$/!s#$before$key$after#\\1$value\\2#g")
}
TAKES
if ((${#missing[@]})); then
  echo "values.env lacks ${missing[*]}: fill in what it asks for, then run $1 again." >&2
  exit 1
fi

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp "$here"/* "$copy/"
for file in "$here"/*.sh "$here"/*.yaml; do
  if [[ -e $file ]]; then sed -E "${words[@]}" "$file" >"$copy/$(basename "$file")"; fi
done
KEEPS
name=$1
shift
K2CR_FILLED=1 bash "$copy/$name" "$@"
"""


def values_env(placeholders: Mapping[str, str]) -> str:
    """The file: a key for each literal, below what it means."""
    parts = [_HEAD, *(_part(key, meaning) for key, meaning in sorted(placeholders.items()))]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _part(key: str, meaning: str) -> list[str]:
    return [f"# {' '.join(meaning.split())}.", f"{key}="]


def merged(old: str, new: str) -> str:
    """The old file as it is, with the keys of the new one that it lacks at its end."""
    have = set(_KEY.findall(old))
    more = [part for part in new.rstrip("\n").split("\n\n")[1:] if not have & set(_KEY.findall(part))]
    return old if not more else "\n\n".join([old.rstrip("\n"), *more]) + "\n"


_HEAD = [
    "# What was not known when this folder was written. Every script reads it, and none starts while a value is",
    "# missing. Rendering again does not touch it. What Google Cloud itself can tell is asked where it is left empty;",
    "# write none where a value is not needed.",
]


@dataclass(frozen=True, slots=True)
class Released:
    """The container that a pipeline releases. ``describe``: the words of gcloud run that show what runs."""

    container: str
    image: str
    describe: str
    containers_at: str
    spec_file: str


def fill_script(
    placeholders: Mapping[str, str],
    context: RenderContext,
    asked: Mapping[str, tuple[str, str]],
    released: Released | None = None,
) -> str:
    """``asked``: literal -> (command that prints it, what to do while it prints nothing)."""
    own = {
        PROJECT_ID: ('gcloud projects describe "$PROJECT" --format="value(projectId)"', ""),
        PROJECT_NUMBER: ('gcloud projects describe "$PROJECT" --format="value(projectNumber)"', ""),
    }
    if context.cluster and context.cluster_location:
        where = f'{quote(context.cluster)} --location={quote(context.cluster_location)} --project="$PROJECT"'
        own[NETWORK] = (f'gcloud container clusters describe {where} --format="value(network)"', "")
    known = {**own, **asked}
    takes = []
    # The longest first: one may be the beginning of another.
    for key in sorted(placeholders, key=lambda k: (-len(k), k)):
        command, later = known.get(key, ("", ""))
        takes.append(f"take {key} {quote(command) if command else quote('')} {quote(later) if later else quote('')}")
    lines = [
        "#!/usr/bin/env bash",
        "# Runs a script of this folder in a copy of it, in which the words of values.env are filled in. The others",
        "# call it. Written by k2cr.",
        "# shellcheck disable=SC2016  # what is asked is run later",
        "set -euo pipefail",
        "",
        *_taken("PROJECT", context.project, "project"),
        *_taken("REGION", context.region, "run/region"),
        "export PROJECT REGION",
        'here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)',
        "# shellcheck source=/dev/null",
        f'source "$here/{VALUES}"',
    ]
    filled = _FILL.replace("LEGAL", _LEGAL).replace("TAKES\n", "".join(f"{t}\n" for t in takes))
    return "\n".join(lines) + filled.replace("KEEPS\n", _keeps(released) if released else "")


def _keeps(released: Released) -> str:
    words = {
        "DESCRIBE": released.describe,
        "AT": released.containers_at,
        "CONTAINER": released.container,
        "WRITTEN": quote(released.image),
        "PATTERN": re.sub(r"([.+])", r"\\\1", released.image),
        "SPEC": released.spec_file,
    }
    return re.sub(r"\b(DESCRIBE|AT|CONTAINER|WRITTEN|PATTERN|SPEC)\b", lambda m: words[m[0]], _KEEP_IMAGE)


def _taken(name: str, default: str | None, setting: str) -> list[str]:
    other = default or f"$(gcloud config get-value {setting} 2>/dev/null || true)"
    return [f'{name}="${{{name}:-{other}}}"']
