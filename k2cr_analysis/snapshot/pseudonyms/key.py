"""The key: each name with its alias. Who has it can read the pages; so it is kept apart from them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from k2cr_analysis.atomic import write_whole
from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.named_file import MAX_BYTES, named_text

FORMAT: Final = "k2cr-pseudonyms"


@dataclass(frozen=True, slots=True)
class Key:
    """``aliases``: name -> alias. A later snapshot's names are added; those that are there keep theirs."""

    aliases: Mapping[str, str] = field(default_factory=dict)

    def with_names(self, names: Mapping[str, str]) -> Key:
        """The same with these names too; ``names``: name -> what it names (``workload``, ``host``, ...)."""
        made = dict(self.aliases)
        taken = {*made.values(), *made, *names}
        numbers = Counter(alias.rpartition("-")[0] for alias in made.values())
        for name, role in sorted(names.items(), key=lambda pair: (pair[1], pair[0])):
            if name in made:
                continue
            alias = ""
            while not alias or alias in taken:
                numbers[role] += 1
                alias = f"{role}-{numbers[role]}"
            made[name] = alias
            taken.add(alias)
        return Key(made)


def read_key(path: Path) -> Key:
    """The key of a file; an empty one where there is no file yet."""
    if not path.exists():
        return Key()
    try:
        content = json.loads(named_text(path, MAX_BYTES))
        if content["format"] != FORMAT:
            raise ValueError(f'format "{content["format"]}"')
        return Key({str(name): str(alias) for name, alias in content["aliases"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            ref="not-a-key",
            where=Location(str(path)),
            found=f"no key of pseudonyms ({error})",
            expected=f'the file that --pseudonymise wrote, with "format": "{FORMAT}"',
            do="name a new file, or restore the one that it was",
        ) from error


def write_key(path: Path, key: Key) -> None:
    """For the owner's eyes alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"format": FORMAT, "aliases": dict(sorted(key.aliases.items()))}
    write_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    path.chmod(0o600)
