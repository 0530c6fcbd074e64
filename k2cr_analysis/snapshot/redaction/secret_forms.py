"""Secrets in a text, by their form and by the names inside it; what is found becomes ``<redacted>``, the rest stays.

By form: PEM blocks, user info in a URL, bearer and basic authorization, JSON web tokens, known key prefixes, texts of
high entropy. Known prefixes come from the plugins of detect-secrets, and those that it lacks from here. By name:
``password=...``, ``--token ...``, ``"apiKey": "..."`` anywhere in the text.

Ordinary in spite of their entropy: digests, git commits, UUIDs, names of hosts and files.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import Final

from k2cr_analysis.snapshot.redaction.secret_commands import REDACTED, without_command_secrets
from k2cr_analysis.snapshot.redaction.secret_names import Secrecy, is_ordinary_value, is_plain_setting, secrecy

_SHORT: Final = 1024
# Nothing of what follows can be in a text without one of these.
_WORTH_A_LOOK: Final = re.compile(
    r"pass|pwd|secret|token|key|cred|auth|bearer|basic|cookie|jwt|dsn|salt|sig|pin|seed|pat|hmac|sas|otp|psk|pw\b|-p|-a|-u|-w|-k|identified|user|vault"
    r"|wort|wacht|senha|contrase|mdp|\bmc |insert|@|-----|[$]|[A-Za-z0-9+/_-]{16}",
    re.IGNORECASE,
)
_PEM: Final = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
# What everybody may see: certificates, public keys, plain or in base64, and pictures. Their bodies are not looked at.
_PUBLIC_PEM: Final = re.compile(
    r"(-----BEGIN (?:[A-Z0-9]+ )*(?:CERTIFICATE|PUBLIC KEY|CERTIFICATE REQUEST|X509 CRL|DH PARAMETERS)-----"
    r"[^-]*-----END [A-Z0-9 ]+-----|data:image/[\w.+-]+;base64,[A-Za-z0-9+/=]*"
    r"|(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp[0-9]+) +AAAA[A-Za-z0-9+/=]*"
    r"|LS0tLS1CRUdJTiB(?:DRVJUSUZJQ0FU|QVUJMSUMg)[A-Za-z0-9+/=\s]*)"
)
_BASE64_PEM: Final = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=\s]*")
# scheme://user:password@host; a password may hold / but a port before a path is none.
_URL_PASSWORD: Final = re.compile(r"(://[^\s:/@\"'<>]*:)(?![0-9]{1,5}/)([^\s@\"'<>]+(?:@[^\s@\"'<>/:]+(?=@))*)(?=@)")
_URL_TOKEN: Final = re.compile(r"(?<=://)([A-Za-z0-9_.~%-]{12,})(?=@)")
# user:password@tcp(host:3306)/db, user:password@host:5432
_DSN: Final = re.compile(
    r"(?<![\w/:.@-])([\w.-]+:)(?!//)([^\s:@/\"']+)(?=@(?!sha256:)(?:\w+\([^)]*\)|[\w.-]+(?::[0-9]+|/)))"
)
# A data source name and where in it the host stands: a URL, user:password@tcp(host:port), or pairs with host= among
# them.
_HOST_PORT: Final = r"\[?[A-Za-z0-9][A-Za-z0-9.:-]*\]?"
_DSN_FORMS: Final = (
    re.compile(rf"(?P<before>[a-z][a-z0-9+.-]*://)(?:[^/@\s]*@)?(?P<host>{_HOST_PORT})(?P<after>/\S*)?"),
    re.compile(rf"(?:[^@\s]*@)(?P<before>(?:tcp|tcp4|tcp6)\()(?P<host>{_HOST_PORT})(?P<end>\))(?P<after>/\S*)?"),
)
_DSN_PAIRS: Final = re.compile(r"(?:\w+=\S+\s+)*\w+=\S+\s*")
# ADO.NET, ODBC: Data Source=db,1433;User Id=sa;Password=...
_DSN_FIELD: Final = re.compile(r"\s*[A-Za-z][\w ]*=.*", re.DOTALL)
_DSN_PLAIN_FIELD: Final = re.compile(
    r"\s*(?:server|data source|host|hostname|addr|address|network address|port)\s*=\s*"
    rf"(?:tcp:)?{_HOST_PORT}(?:,\d+)?\s*",
    re.IGNORECASE,
)
_DSN_PLAIN_PAIR: Final = re.compile(rf"(?:host|port)={_HOST_PORT}")
_SCHEME_VALUE: Final = re.compile(r"\b(bearer|basic|apikey|digest)(\s+)([A-Za-z0-9._~+/=-]{6,})", re.IGNORECASE)
_PROSE: Final = frozenset(
    {
        "token",
        "tokens",
        "auth",
        "authentication",
        "authorization",
        "authenticate",
        "realm",
        "format",
        "scheme",
        "access",
        "header",
        "headers",
        "string",
        "usage",
    }
)
_JWT: Final = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?")
_PREFIXED: Final = re.compile(
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{30,}|\bya29\.[0-9A-Za-z_-]{10,}|\bGOCSPX-[0-9A-Za-z_-]{10,}"
    r"|\b(?:ghp|gho|ghu|ghs|ghr)_[0-9A-Za-z]{16,}|\bgithub_pat_[0-9A-Za-z_]{16,}|\bgl(?:pat|ptt|dt|rt|cbt|soat)-[0-9A-Za-z_-]{12,}"
    r"|\bxox[a-z]-[0-9A-Za-z-]{8,}|\bxapp-[0-9A-Za-z-]{8,}|\b[sr]k_(?:live|test)_[0-9A-Za-z]{8,}|\bwhsec_[0-9A-Za-z]{8,}"
    r"|\bSG\.[\w-]{10,}\.[\w-]{10,}|\bsk-(?:proj-|ant-)?[0-9A-Za-z_-]{16,}|\bhf_[0-9A-Za-z]{16,}|\bnpm_[0-9A-Za-z]{20,}"
    r"|\bpypi-[0-9A-Za-z_-]{16,}|\bdop_v1_[0-9a-f]{32,}|\bhv[sbr]\.[0-9A-Za-z_-]{16,}|\bdckr_pat_[0-9A-Za-z_-]{16,}"
    r"|\bAGE-SECRET-KEY-1[0-9A-Z]{20,}|\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,}|\bglsa_[0-9A-Za-z_]{20,}|\beyJrIjoi[0-9A-Za-z=]{20,}"
    r"|\bNRAK-[0-9A-Z]{20,}|\bkey-[0-9a-f]{32}\b|\bSK[0-9a-f]{32}\b|https://hooks\.slack\.com/services/\S+"
    r"|\bpul-[0-9a-f]{40}\b|\bsbp_[0-9a-f]{40}\b|\bdapi[0-9a-f]{32}\b|\blin_api_[0-9A-Za-z]{30,}|\bATATT3[0-9A-Za-z_=-]{20,}"
    # Hashes of passwords, as crypt(3), Argon2 and LDAP write them: what they were made from can be guessed.
    r"|\$(?:2[abxy]?|apr1|1|5|6|y|argon2(?:id|i|d)|pbkdf2[\w-]*|scrypt)\$[^\s:\"',]{16,}|\{S?SHA(?:256|512)?\}[0-9A-Za-z+/=]{20,}"
    r"|https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\S+|\b[0-9]{8,10}:AA[0-9A-Za-z_-]{32,}"
)  # fmt: skip
_YAML_PAIR: Final = re.compile(
    r"(\b(?:name|key)[\"']?:\s*[\"']?([\w./-]+)[\"']?,?\s+[\"']?value[\"']?:\s*[\"']?)([^\n\"']+)"
)
_XML: Final = re.compile(r"<([A-Za-z_][\w.:-]*)>([^<>]+)</\1>")
_XML_PAIR: Final = re.compile(
    r"(<(?:name|key)>\s*([^<>]+?)\s*</(?:name|key)>\s*<value>)([^<>]+)(?=</value>)"
    r"|((?:name|key)=[\"']([^\"']+)[\"']\s+value=[\"'])([^\"']+)(?=[\"'])"
    r"|(<\w+\s(?:[^<>]*\s)?(?:name|key)=[\"']([^\"']+)[\"'][^<>]*(?<!/)>)([^<>]+)(?=</)"
)  # fmt: skip


def dsn_without_secrets(text: str) -> str | None:
    """A data source name with its scheme, host and port alone; None for what has no form of one.

    Sentry's is a URL whose user is the key, so that nothing in front of the host stays, and nothing behind it.
    """
    for form in _DSN_FORMS:
        if match := form.fullmatch(text.strip()):
            parts = match.groupdict()
            after = f"/{REDACTED}" if parts["after"] else ""
            return f"{parts['before']}{parts['host']}{parts.get('end') or ''}{after}"
    fields = [field for field in text.split(";") if field.strip()]
    if len(fields) > 1 and all(_DSN_FIELD.fullmatch(field) for field in fields):
        shown = [field.strip() for field in fields if _DSN_PLAIN_FIELD.fullmatch(field)]
        return f"{';'.join(shown)};Rest={REDACTED}" if shown else None
    if _DSN_PAIRS.fullmatch(text.strip()):
        words = text.split()
        plain = [w for w in words if _DSN_PLAIN_PAIR.fullmatch(w)]
        if any(w.startswith("host=") for w in plain):
            return " ".join([*plain, *([f"rest={REDACTED}"] if len(plain) < len(words) else [])])
    return None


def redacted_text(text: str) -> str:
    """The text with every secret that its form or a name inside it shows replaced by ``<redacted>``."""
    if len(text) < 6 or not _WORTH_A_LOOK.search(text):
        return text
    return _redacted_short(text) if len(text) <= _SHORT else _redacted(text)


@lru_cache(maxsize=32768)
def _redacted_short(text: str) -> str:
    """Manifests say the same things again and again."""
    return _redacted(text)


def _redacted(text: str) -> str:
    if not any(mark in text for mark in ("BEGIN ", "LS0tLS1CRUdJTi", "data:image/", "AAAA")):
        return _without_secrets(text)
    pieces = _PUBLIC_PEM.split(text)  # every other piece is one that the pattern caught
    return "".join(
        piece if index % 2 and not _holds_private_key(piece) else _without_secrets(piece)
        for index, piece in enumerate(pieces)
    )


def _holds_private_key(piece: str) -> bool:
    """Whether a bundle in base64 has a private key behind its certificate."""
    if not piece.startswith("LS0"):
        return False
    bare = re.sub(r"\s|=", "", piece)
    try:
        return b"PRIVATE" in base64.b64decode(bare[: len(bare) // 4 * 4])
    except (binascii.Error, ValueError):
        return True


def _without_secrets(text: str) -> str:
    text = _PEM.sub(REDACTED, text)
    text = _BASE64_PEM.sub(REDACTED, text)
    if "@" in text:
        text = _URL_PASSWORD.sub(_keep_reference(1, 2), text)
        text = _URL_TOKEN.sub(lambda match: match[0] if match[0].isalpha() else REDACTED, text)
        text = _DSN.sub(_keep_reference(1, 2), text)
    text = without_command_secrets(text)
    text = _SCHEME_VALUE.sub(_scheme_value, text)
    text = _JWT.sub(REDACTED, text)
    text = _PREFIXED.sub(REDACTED, text)
    text = _by_library(text)
    text = _by_pairs(text)
    text = _by_names(text)
    return _by_entropy(text)


def _keep_reference(prefix: int, value: int):  # type: ignore[no-untyped-def]
    def replaced(match: re.Match[str]) -> str:
        if is_ordinary_value(match[value], Secrecy.PASSWORD):
            return match[0]
        return f"{match[prefix]}{REDACTED}"

    return replaced


def _scheme_value(match: re.Match[str]) -> str:
    scheme, blank, value = match[1], match[2], match[3]
    if value.lower().strip(".,") in _PROSE:
        return match[0]
    if scheme.lower() in ("basic", "digest") and not _is_basic(value):
        return match[0]
    return f"{scheme}{blank}{REDACTED}"


def _is_basic(value: str) -> bool:
    if any(c.isdigit() or c.isupper() or c == "=" for c in value):
        return True
    try:
        return b":" in base64.b64decode(value + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        return False


@cache
def _library_patterns() -> tuple[re.Pattern[str], ...]:
    """The patterns of detect-secrets' plugins that know a key by its form alone."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector

    # Covered above with their own care for references and prose, or not about secrets at all.
    left_out = {"BasicAuthDetector", "PrivateKeyDetector", "JwtTokenDetector", "IPPublicDetector", "KeywordDetector"}
    found = []
    plugins: list[type] = list(get_mapping_from_secret_type_to_class().values())
    for plugin in plugins:
        if issubclass(plugin, RegexBasedDetector) and plugin.__name__ not in left_out:
            found += [pattern for pattern in plugin().denylist if not pattern.flags & re.VERBOSE]
    return tuple(sorted(found, key=lambda pattern: pattern.pattern))


def _by_library(text: str) -> str:
    for pattern in _library_patterns():
        for match in pattern.finditer(text):
            # A pattern with groups catches the surroundings too; its last group is the key.
            secret = match[match.lastindex or 0]
            if len(secret) >= 12 and REDACTED not in secret and not _is_digest(secret):
                text = text.replace(secret, REDACTED)
    return text


# --- by the names inside the text

_ASSIGNED: Final = re.compile(
    r"(?<![\w.$])(?<!\w-)([A-Za-z_$][\w.\-]*)(\]?\\?[\"']?)([ \t]*(?:=>|:=|=(?!=)|:)[ \t]*|[ \t]+)"
)
_QUOTES: Final = ('\\"', "\\'", '"', "'", "`")
_STOP: Final = re.compile(r"[\s&;,\"'`)}\]|<>\\]")
_BLOCK_START: Final = re.compile(r"[|>][+-]?[0-9]?\s*$|$")


def _by_names(text: str) -> str:
    pieces = []
    done = 0
    for start, end in _named_values(text):
        if start >= done:
            pieces += [text[done:start], REDACTED]
            done = end
    return "".join([*pieces, text[done:]])


def _by_pairs(text: str) -> str:
    """Where name and value are each the value of something: ``name: PASSWORD``, ``value: x``; elements of XML."""
    text = _YAML_PAIR.sub(_pair, text)
    if "<" in text:
        text = _XML.sub(_xml_value, text)
        text = _XML_PAIR.sub(_xml_pair, text)
    return text


def _named_values(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each value that stands behind a secret's name, one after the other."""
    done = 0
    for match in _ASSIGNED.finditer(text):
        if match.start() < done:
            continue
        name, separator = match[1], match[3]
        sureness = secrecy(name)
        if sureness is Secrecy.NONE:
            continue
        is_flag = text[max(0, match.start() - 2) : match.start()].endswith("-")
        if separator.isspace() and not (is_flag and not match[2]) and not _is_directive(text, match, sureness):
            continue
        span = _value_span(text, match, is_flag)
        if span is None:
            continue
        value = text[span[0] : span[1]]
        scheme = _SCHEME.match(value)
        if scheme:
            span, value = (span[0] + scheme.end(), span[1]), value[scheme.end() :]
        if _is_secret_value(
            name, value, sureness, bare_colon=separator == ":" and not match[2] and span[0] == match.end()
        ):
            done = span[1]
            yield span


# A line may be megabytes long, and is looked at for each name in it.
_LINE_REACH: Final = 4096


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at, at + _LINE_REACH)
    return min(len(text), at + _LINE_REACH) if end < 0 else end


def _line_before(text: str, at: int) -> str:
    """What stands before a place in its line, or the last part of it."""
    return text[max(text.rfind("\n", max(0, at - _LINE_REACH), at) + 1, at - 64) : at]


def _is_directive(text: str, match: re.Match[str], sureness: Secrecy) -> bool:
    """A line of a file that is a name and a value: ``requirepass x``, ``ENV PASSWORD x``."""
    if sureness is Secrecy.KEY or "\n" not in text:
        return False
    after = text[match.end() : _line_end(text, match.end())]
    return _line_before(text, match.start()).strip() in _LINE_STARTS and len(after.split()) == 1


# Code: ``token = get_token(user)``.
_CALL: Final = re.compile(r"(?:await\s+|new\s+)?[A-Za-z_][\w.]{2,}\([^()]*\)?;?")
_SCHEME: Final = re.compile(r"(?:bearer|basic|token|apikey)\s+(?=\S)", re.IGNORECASE)


def _is_secret_value(name: str, value: str, sureness: Secrecy, *, bare_colon: bool) -> bool:
    if (
        not value.strip("[]{}-=?+ ")
        or REDACTED in value
        or is_ordinary_value(value, sureness)
        or is_plain_setting(name, value)
    ):
        return False
    if _CALL.fullmatch(value):
        return False
    # Without a blank it may be an image with a tag, a host with a port.
    return not (bare_colon and (sureness is not Secrecy.PASSWORD or value.startswith("//")))


def _value_span(text: str, match: re.Match[str], is_flag: bool) -> tuple[int, int] | None:
    at = match.end()
    for quote in _QUOTES:
        if text.startswith(quote, at):
            return at + len(quote), _closing(text, at + len(quote), quote)
    if text.startswith("[", at):
        return at + 1, _end_of(_LIST_END, text, at)
    line_end = _line_end(text, at)
    if _BLOCK_START.match(text[at:line_end].strip()):
        return _block(text, match, line_end)
    end = _plain_end(text, match, is_flag, line_end)
    return (at, end) if end > at else None


_LINE_STARTS: Final = frozenset({"", "export", "set", "ENV", "ARG", "-e"})
_LIST_END: Final = re.compile(r"\]|\Z")
_BLANK: Final = re.compile(r"\s|\Z")
_HEADER_END: Final = re.compile(r"[\"'`\n]|\Z")


def _plain_end(text: str, match: re.Match[str], is_flag: bool, line_end: int) -> int:
    """Where a value without quotes ends, by what stands before it: a line's own setting, a flag, a header, a word."""
    at, separator = match.end(), match[3]
    if _line_before(text, match.start()).strip(" \t-\"'#") in _LINE_STARTS:
        spaced = separator != separator.strip() and not separator.isspace()
        if (spaced or ":" in separator) and text[at : at + 1] != "{":
            return at + len(text[at:line_end].rstrip().rstrip(","))
        if "=" in separator:
            return line_end if is_flag else _end_of(_BLANK, text, at)
    if match[1].lower().endswith(("authorization", "cookie")):
        return _end_of(_HEADER_END, text, at)
    return _end_of(_STOP, text, _past_reference(text, at))


def _end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.search(text, at)
    return found.start() if found else len(text)


def _past_reference(text: str, at: int) -> int:
    reference = re.compile(r"\$\([^()\s]*\)|\$\{[^{}\s]*\}|\{\{[^{}]*\}\}").match(text, at)
    return reference.end() if reference else at


def _closing(text: str, at: int, quote: str) -> int:
    while (end := text.find(quote, at)) >= 0:
        if len(quote) == 2 or text[end - 1] != "\\":
            return end
        at = end + 1
    return len(text)


_SETTING: Final = re.compile(r"\s*(?:- )?[\"']?[\w.-]+[\"']?\s*:(?:\s|$)")


def _block(text: str, match: re.Match[str], line_end: int) -> tuple[int, int] | None:
    """The more indented lines below a name, where they are a text or list and not a map."""
    before = _line_before(text, match.start())
    indent = len(before) - len(before.lstrip(" \t"))
    start = at = line_end + 1
    while at < len(text):
        end = _line_end(text, at)
        line = text[at:end]
        inner = len(line) - len(line.lstrip(" \t"))
        if line.strip() and (inner < indent or (inner == indent and not line.lstrip().startswith("- "))):
            break
        if inner == indent and not line.strip():
            break
        if _SETTING.match(line):
            return None
        at = end + 1
    end = min(at, len(text))
    return (start, end) if text[start:end].strip() else None


def _xml_value(match: re.Match[str]) -> str:
    sureness = secrecy(match[1])
    if sureness is Secrecy.NONE or is_ordinary_value(match[2], sureness):
        return match[0]
    return f"<{match[1]}>{REDACTED}</{match[1]}>"


def _pair(match: re.Match[str]) -> str:
    sureness = secrecy(match[2])
    keep = sureness is Secrecy.NONE or is_ordinary_value(match[3], sureness)
    return match[0] if keep else f"{match[1]}{REDACTED}"


def _xml_pair(match: re.Match[str]) -> str:
    prefix, name, value = next(match.group(at, at + 1, at + 2) for at in (1, 4, 7) if match[at])
    sureness = secrecy(name)
    return match[0] if sureness is Secrecy.NONE or is_ordinary_value(value, sureness) else f"{prefix}{REDACTED}"


# --- by entropy

_RUN: Final = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9]{20,}")
_HEX: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_GIT_COMMIT_DIGITS: Final = 40
_AWS_SECRET_LENGTH: Final = 40
_BEFORE_A_DIGEST: Final = re.compile(
    r"(?:sha(?:1|224|256|384|512)|md5|h1|commit|checksum|digest|rev)[:=\-/ ]$", re.IGNORECASE
)
_NAMED_DIGEST: Final = re.compile(
    r"[\w-]*(?:sha(?:1|224|256|384|512)|md5|commit|checksum|digest|rev)[=/-][0-9a-f]{7,128}", re.IGNORECASE
)
# Bits per character. Random base64 of 20 characters has about 4; words have less, and digits between them are rare.
_MIXED_ENTROPY: Final = 3.6
_LOWER_ENTROPY: Final = 3.7
# Share of neighbours of different kinds: 0.62 in random base62, up to 0.3 in CamelCase.
_MIXED_CHANGES: Final = 0.4


def _by_entropy(text: str) -> str:
    return _RUN.sub(lambda match: _random_run(match, text), text)


def _random_run(match: re.Match[str], text: str) -> str:
    run = match[0]
    before, after = text[max(0, match.start() - 12) : match.start()], text[match.end() : match.end() + 1]
    if (
        _BEFORE_A_DIGEST.search(before)
        or _NAMED_DIGEST.fullmatch(run)
        or _UUID.search(run)
        or (after == "." and run == run.lower())
    ):
        return run
    return REDACTED if _is_random(run) else run


def _is_random(run: str) -> bool:
    if any(_is_random_segment(segment) for segment in _SEGMENT.findall(run)):
        return True
    bare = run.strip("=")
    # Base64 with its + and / between short segments; a path has words there.
    has_signs = "+" in bare or (run.endswith("=") and len(bare) % 4 != 1) or len(bare) == _AWS_SECRET_LENGTH
    return has_signs and len(bare) >= 24 and _is_mixed(bare) and entropy(bare) >= 4.2


def _is_random_segment(segment: str) -> bool:
    if _HEX.fullmatch(segment):
        digits = sum(c.isdigit() for c in segment)
        return len(segment) in (32, 48, 56, 64, 96, 128) and 0 < digits < len(segment) and not _is_digest(segment)
    if _is_mixed(segment):
        return entropy(segment) >= _MIXED_ENTROPY
    digits = sum(c.isdigit() for c in segment)
    return len(segment) >= 32 and digits >= len(segment) / 8 and entropy(segment) >= _LOWER_ENTROPY


def _is_mixed(text: str) -> bool:
    """Whether small letters, capitals and digits follow each other at random; in CamelCase they stay together."""
    kinds = ["0" if c.isdigit() else "a" if c.islower() else "A" if c.isupper() else "" for c in text]
    changes = sum(one != other for one, other in pairwise(kinds))
    return {"0", "a", "A"} <= set(kinds) and changes >= _MIXED_CHANGES * len(text)


def _is_digest(text: str) -> bool:
    return len(text) == _GIT_COMMIT_DIGITS and bool(_HEX.fullmatch(text))


def entropy(text: str) -> float:
    """Shannon entropy of the characters. [bit/character]"""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
