"""Names in texts: each is replaced where it stands by itself, and everything between them stays."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

_RUN = re.compile(r"[A-Za-z0-9]+(?:[-_.]+[A-Za-z0-9]+)*")
_PART = re.compile(r"[A-Za-z0-9]+")
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_LONG_NUMBER = re.compile(r"(?<!\d)\d{12}(?!\d)")
_DOCUMENTATION = ipaddress.ip_network("198.18.0.0/15")  # for benchmarks: nobody's
_LEAST_UPPER = 3  # letters, from which on a name in capitals is taken for it


class Renaming:
    """Aliases at work; public addresses and numbers of projects have stand-ins too, which no key tells."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self._aliases = dict(aliases)
        self._upper = {
            name.upper().replace("-", "_").replace(".", "_"): alias.upper().replace("-", "_")
            for name, alias in aliases.items()
            if len(name) >= _LEAST_UPPER
        }
        self._addresses: dict[str, str] = {}
        self.text = lru_cache(maxsize=200_000)(self._text)

    def whole(self, text: str) -> str:
        """The alias of a text that is a name and nothing else."""
        return self._aliases.get(text, text)

    def _text(self, text: str) -> str:
        """The text with each name in it replaced, in capitals too, where it stands between marks."""
        named = _RUN.sub(lambda found: self._run(found[0]), text)
        return _LONG_NUMBER.sub(_other_number, _ADDRESS.sub(lambda found: self._address(found[0]), named))

    def _run(self, run: str) -> str:
        if run in self._aliases:
            return self._aliases[run]
        pieces = list(_pieces(run))
        out, at = [], 0
        while at < len(pieces):
            start = pieces[at][0]
            for upto in range(len(pieces), at, -1):
                end = pieces[upto - 1][1]
                alias = self._named(run[start:end])
                if alias is not None:
                    out.append(alias)
                    at = upto
                    break
            else:
                end = pieces[at][1]
                out.append(run[start:end])
                at += 1
            following = pieces[at][0] if at < len(pieces) else len(run)
            out.append(run[end:following])
        return "".join(out)

    def _named(self, text: str) -> str | None:
        found = self._aliases.get(text)
        return found if found is not None or not text.isupper() else self._upper.get(text.replace("-", "_"))

    def _address(self, text: str) -> str:
        """Public addresses are somebody's; private ones are everybody's."""
        try:
            is_public = ipaddress.ip_address(text).is_global
        except ValueError:
            return text
        if not is_public:
            return text
        if text not in self._addresses:
            self._addresses[text] = str(_DOCUMENTATION[len(self._addresses) % _DOCUMENTATION.num_addresses])
        return self._addresses[text]


def _other_number(found: re.Match[str]) -> str:
    """A project's number as another one, of as many digits."""
    digits = found[0]
    return str(100_000_000_000 + int(digits) * 7919 % 899_999_999_999)


def _pieces(run: str) -> Iterator[tuple[int, int]]:
    yield from (found.span() for found in _PART.finditer(run))
