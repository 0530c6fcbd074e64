"""JSON documents of a file: one, or several one after the other, as ``kubectl`` takes them."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn

from k2cr_analysis.errors import InputError, Location
from k2cr_analysis.sources.manifests.yaml_reading import MAX_DEPTH, MAX_TEXT_CHARACTERS, Document

_SAFE_DIGITS: Final = 18  # numbers of fewer digits fit into 64 bits
_BLANK: Final = re.compile(r"\s*")
_LONE_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(text: str, file: str) -> list[Document]:
    """The documents of a JSON text; ``InputError`` with file, line and column for a text that is no JSON."""
    decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, parse_int=_integer)
    documents = []
    position = _blank_end(text, 0)
    while position < len(text):
        line = text.count("\n", 0, position) + 1
        try:
            value, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            template = "{{" in text
            raise InputError(
                ref="template-not-rendered" if template else "not-json",
                where=Location(file, error.lineno, error.colno),
                found=error.msg[:1].lower() + error.msg[1:],
                expected="a rendered manifest" if template else "JSON",
                do="render the template first" if template else "mend the file, or leave it out",
            ) from None
        except RecursionError:
            raise _too_deep(file, line) from None
        except ValueError as error:
            found = "a number of too many digits" if "digits" in str(error) else str(error)
            do = "mend the file, or leave it out"
            raise InputError(ref="not-json", where=Location(file, line), found=found, expected="JSON", do=do) from None
        _check(value, file, line)
        documents.append(Document(_encodable(value, text), line))
        position = _blank_end(text, end)
    return documents or [Document(None, 1)]


def _blank_end(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position


def _finite(text: str) -> float:
    """RFC 8259 allows any exponent; a number that no double holds is none that Kubernetes reads."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {text[:20]}, which is larger than any that can be computed with")
    return value


def _integer(text: str) -> int | float:
    """Beyond 64 bits a number is read as the API server reads it: as the nearest double."""
    if len(text) < _SAFE_DIGITS or -(2**63) <= int(text) < 2**64:
        return int(text)
    return _finite(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which JSON does not have")


def _check(value: Any, file: str, line: int) -> None:
    """Nesting and lengths, without recursion."""
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, str) and len(item) > MAX_TEXT_CHARACTERS:
                raise InputError(
                    ref="text-too-long",
                    where=Location(file, line),
                    found=f"a text of {len(item):,} characters",
                    expected=f"at most {MAX_TEXT_CHARACTERS:,}",
                    do="mend the file, or leave it out",
                )
        if not below:
            return
        level = below
    raise _too_deep(file, line)


def _too_deep(file: str, line: int) -> InputError:
    return InputError(
        ref="nested-too-deep",
        where=Location(file, line),
        found=f"more than {MAX_DEPTH} levels",
        expected="a Kubernetes manifest",
        do="mend the file, or leave it out",
    )


def _encodable(value: Any, text: str) -> Any:
    """Half of a surrogate pair is no character: a question mark stands for it."""
    if not _LONE_SURROGATE.search(text):
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
