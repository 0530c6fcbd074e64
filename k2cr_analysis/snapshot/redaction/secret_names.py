"""Whether a name announces a secret: ``DB_PASSWORD``, ``api-key``, ``spring.datasource.password``, ``Authorization``.

A name is cut into its words, whatever the style. Its last word can make it ordinary: ``SECRET_NAME``, ``TOKEN_FILE``
and ``KEY_ID`` tell where a secret is or what it is called, not what it is.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import Final


class Secrecy(IntEnum):
    """How sure a name is: ``KEY`` may also hold a number, path or URL, ``SECRET`` a path, ``PASSWORD`` neither."""

    NONE = 0
    KEY = 1
    SECRET = 2
    PASSWORD = 3


_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# In the languages in which people name their variables, too.
_PASSWORD: Final = re.compile(r"passwor[dt]|passwd|passphrase|passcode|pgpass|kennwort|wachtwoord|contrase|motdepasse")
_SECRET: Final = re.compile(r"secret|credential|privatekey|dockerconfigjson|connectionstring|connstr")
# Before "secret": the name of a Secret that is to be pulled with, injected, or that is there already.
_REFERRING: Final = frozenset({"pull", "existing", "inject", "tls", "ssl"})
_PASSWORD_WORDS: Final = frozenset({"pwd", "pass", "pw", "authorization", "bearer", "senha", "mdp"})
_SECRET_WORDS: Final = frozenset({"cred", "creds", "dockercfg", "netrc"})
_KEY_WORDS: Final = frozenset(
    {"token", "tokens", "key", "keys", "apikey", "apikeys", "jwt", "dsn", "hmac", "sas", "passkey", "otp", "psk"}
)
# These say "secret" only at the end of a name: ``BASIC_AUTH``, but ``AUTH_PROVIDER``.
_LAST_KEY_WORDS: Final = frozenset({"auth", "cookie", "cookies", "salt", "sig", "signature", "seed", "pat"})
# So do these, and a number of theirs is no count: ``ADMIN_PIN=4815``.
_LAST_SECRET_WORDS: Final = frozenset({"pin", "license", "licence"})
_KEY_ENDING: Final = re.compile(r".*(?:token|.{3}key|pwd|pass|auth|bindpw)")
_NO_KEY_ENDING: Final = frozenset(
    {"bypass", "compass", "oauth", "trespass", "surpass", "monkey", "turkey", "donkey", "whiskey", "hotkey"}
    | {"publickey", "primarykey", "foreignkey", "partitionkey", "sortkey", "routingkey"}
)
_ORDINARY_LAST_TEXT: Final = """
    name names file files filename path paths dir directory folder id ids url urls uri uris host hosts hostname port
    ports type types kind ttl expiry expires expiration enabled disabled enable disable version ref refs reference mode
    header headers length len size limit limits count max min timeout seconds minutes hours ms algorithm alg algo issuer
    audience endpoint endpoints prefix suffix location provider providers class store stores manager namespace mount
    mountpath field fields format policy policies rotation rotate interval period duration user username users region
    project bucket required reader writer service server addr address backend svc domain domains method methods strategy
    scope scopes claim claims label labels selector selectors annotation annotations hash checksum sha digest
    fingerprint vault engine group groups role roles account email status state age usage use used per rate driver
    template templates image command script validator validation lifetime exists stdin csi operator controller rotator
    cache caching cert crt ca pem pub public env only required optional uppercase lowercase policyname storage source
    sources sync resolver encryption converter serializer deserializer pool
    serde serdes comparator interceptor
    alias slots budget window context sizes step steps dimension
    """
_ORDINARY_LAST: Final = frozenset(_ORDINARY_LAST_TEXT.split())
_PUBLIC_BEFORE_KEY_TEXT: Final = """
    public partition sort routing primary foreign topology label annotation row cache shard group idempotency node
    publishable property map hot hash object config index lookup dedup deduplication translation match public registry
    time level name caller message stacktrace runtime descriptor
    """
_PUBLIC_BEFORE_KEY: Final = frozenset(_PUBLIC_BEFORE_KEY_TEXT.split())
_DIGEST_WORDS: Final = frozenset(
    {"checksum", "hash", "sha", "md", "digest", "etag", "fingerprint", "revision", "commit", "uid", "uuid", "nonce"}
)
# Directives that are no passwords: nginx's ``proxy_pass http://app``.
_PASS_DIRECTIVES: Final = frozenset({"proxy", "fastcgi", "grpc", "uwsgi", "scgi", "memcached"})
# Annotations of ingress controllers that name a Secret.
_REFERENCES: Final = frozenset({"auth-secret", "auth-tls-secret", "proxy-ssl-secret", "secure-verify-ca-secret"})


@lru_cache(maxsize=65536)
def secrecy(name: str) -> Secrecy:
    """How sure the name of a variable, flag, header, annotation or field is that its value is a secret."""
    last_part = name.rstrip("/").rpartition("/")[2]
    if last_part in _REFERENCES or len(name) > 256:
        return Secrecy.NONE
    words = [word.lower() for word in _WORD.findall(last_part)]
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    if words and words[-1] == "hash" and _PASSWORD.search("".join(words)):
        return Secrecy.PASSWORD  # what it was made from can be guessed
    if not words or words[-1] in _ORDINARY_LAST:
        return Secrecy.NONE
    return _of_words(words)


def _of_words(words: list[str]) -> Secrecy:
    last, before = words[-1], set(words[:-1])
    if last == "pass" and before & _PASS_DIRECTIVES:
        return Secrecy.NONE
    if _PASSWORD.search("".join(words)) or _PASSWORD_WORDS & set(words):
        return Secrecy.PASSWORD
    if _SECRET.search("".join(words)) or _SECRET_WORDS & set(words) or last in _LAST_SECRET_WORDS:
        return Secrecy.NONE if before & _REFERRING else Secrecy.SECRET
    if last in ("key", "keys") and before & _PUBLIC_BEFORE_KEY:
        return Secrecy.NONE
    if last not in _NO_KEY_ENDING and _KEY_ENDING.fullmatch(last) and last not in _LAST_KEY_WORDS:
        return Secrecy.PASSWORD if last.endswith(("pwd", "pass", "auth", "pw")) else Secrecy.KEY
    return Secrecy.KEY if _KEY_WORDS & set(words) or last in _LAST_KEY_WORDS else Secrecy.NONE


@lru_cache(maxsize=65536)
def is_dsn_name(name: str) -> bool:
    """Whether a name announces a data source: ``SENTRY_DSN``, ``ConnectionStrings__Orders``; its host is no secret."""
    words = [word.lower() for word in _WORD.findall(name)]
    return words[-1:] == ["dsn"] or "connectionstring" in "".join(words)


@lru_cache(maxsize=65536)
def is_digest_name(name: str) -> bool:
    """Whether a name announces a checksum or another random text that is public: ``checksum/config``, ``clusterid``."""
    words = [word.lower() for word in _WORD.findall(name)]
    is_of_something = bool(words) and words[-1].endswith("id") and _of_words([*words[:-1], "x"]) is Secrecy.NONE
    return is_of_something or not _DIGEST_WORDS.isdisjoint(words)


@lru_cache(maxsize=65536)
def is_public_key_name(name: str) -> bool:
    """Whether a name announces a key that everybody may have: ``VAPID_PUBLIC_KEY``, ``STRIPE_PUBLISHABLE_KEY``."""
    words = [word.lower() for word in _WORD.findall(name)]
    return words[-1:] == ["key"] and not {"public", "publishable"}.isdisjoint(words)


_NOTHING: Final = re.compile(
    r"\s*(?:\*|true|false|yes|no|on|off|0|1|none|null|nil|enabled|disabled|required|optional|auto|default)?\s*",
    re.IGNORECASE,
)
# $(VAR), ${VAR}, $VAR, {{ .Values.x }}, %(VAR)s: the value is elsewhere. So are a secret manager's names of secrets.
_REFERENCE: Final = re.compile(
    r"\$\([^()]+\)|\$\{[^{}]+\}|\${1,2}[A-Za-z_]\w*|\$\([^()]*|\{\{[^{}]*\}\}|%\([^()]+\)s|<redacted>"
    r"|(?:projects/[^/\s]+/secrets/|sm://|gsm://|gcp-sm:|vault:|ref\+|arn:aws:secretsmanager:|secretKeyRef|op://)\S*"
    r"|projects/[^/\s]+/locations/[^/\s]+/keyRings/[^/\s]+/cryptoKeys/\S+|projects/[^/\s]+/instances/[^/\s]+/databases/\S+"
    r"|(?:os\.|process\.env|ENV\[|System\.|getenv|config\.|settings\.|secrets\.|self\.|args\.)\S*"
)
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,12}(?:\.[0-9]+)?[smhdkMGKi%]{0,2}")
_FEW_DIGITS: Final = re.compile(r"[0-9]{1,3}")
# The name of a licence, as SPDX has it, or a word that accepts one: no key.
_LICENSE: Final = re.compile(r"(?:[A-Z]{2,8}|[A-Z]?[a-z]+)(?:[ -](?:[0-9][0-9.]*|[A-Z]?[a-z]+))*")
_PATH: Final = re.compile(
    r"(?:/|\./|\.\./|~/|file://)[\w@.+-]+(?:/[\w@.+-]+)+/?|/?(?:[\w.-]+/)*[\w.-]+\.(?:json|pem|key|crt|txt|ya?ml|jks|p12)"
)
_PLAIN_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s@?]+", re.IGNORECASE)
# org.apache.kafka.common.serialization.Serdes$StringSerde, System.Text.Json.JsonSerializer
_CLASS: Final = re.compile(r"(?:[A-Za-z][a-z]{1,24}[A-Za-z]{0,24}\.){2,}[A-Z][A-Za-z]+[0-9]?(?:\$[A-Z][A-Za-z]+)*")
# user:password@host, where the password is a reference.
_REFERENCED_PASSWORD: Final = re.compile(r"[^@]*:\$(?:\([^()]+\)|\{[^{}]+\})@[^@]*")
_LABEL_KEY: Final = re.compile(r"[A-Za-z][A-Za-z./_-]*|[\w./-]*(?:kubernetes\.io|k8s\.io|cloud\.google\.com)[\w./-]*")
# Online Boutique's probes say who asks: ``shop_session-id=x-liveness-probe``. A session of a person never does.
_PROBE_COOKIE: Final = re.compile(r"[\w.-]+=[a-z-]*(?:probe|health|liveness|readiness)[a-z-]*")
# ZooKeeper's "connection string" and its like are addresses alone: nobody's name, no password, no parameters.
_CONNECTION: Final = re.compile(r"conn(?:ection)?[._-]?str(?:ing)?s?$")
_ADDRESSES: Final = re.compile(
    r"(?:(?:jdbc:)?(?!https?:)[a-z][a-z0-9+.-]*://)?[a-z0-9][\w.-]*[a-z][\w.-]*:[0-9]{2,5}"
    r"(?:,\s*[a-z0-9][\w.-]*:[0-9]{2,5})*(?:/[\w/.-]{0,40})?"
)
# nsswitch.conf: where the system's users are looked up.
_LOOKED_UP_IN: Final = re.compile(r"(?:(?:compat|files|db|sss|ldap|nis|winbind|systemd|cache)\s*)+")
_AUTH_MODE: Final = re.compile(r"[a-z]{1,14}|[A-Z][a-z]{1,14}")


def is_ordinary_value(value: str, sureness: Secrecy) -> bool:
    """Whether a value is no secret although its name announces one: empty, a switch, a reference to the secret.

    A path is ordinary for all but a password (``GOOGLE_APPLICATION_CREDENTIALS=/var/run/key.json``), a number or a URL
    for a key or token (``MAX_TOKENS=4096``).
    """
    if _NOTHING.fullmatch(value) or _REFERENCE.fullmatch(value.strip()):
        return True
    if sureness is Secrecy.PASSWORD:
        return False
    if (
        _FEW_DIGITS.fullmatch(value)
        or _PATH.fullmatch(value)
        or _REFERENCED_PASSWORD.fullmatch(value)
        or _CLASS.fullmatch(value)
    ):
        return True
    return sureness is Secrecy.KEY and bool(_NUMBER.fullmatch(value) or _PLAIN_URL.fullmatch(value))


def is_plain_setting(name: str, value: str) -> bool:
    """Whether a setting only says which kind, label or caller: ``auth: oauth``, ``key: app.kubernetes.io/name``."""
    bare = name.lower()
    return bool(
        (bare.endswith("auth") and _AUTH_MODE.fullmatch(value))
        or (bare in ("key", "keys") and _LABEL_KEY.fullmatch(value))
        or (bare.endswith(("license", "licence")) and _LICENSE.fullmatch(value))
        or (_CONNECTION.search(bare) and _ADDRESSES.fullmatch(value))
        or (bare == "passwd" and _LOOKED_UP_IN.fullmatch(value))
        or (bare == "cookie" and _PROBE_COOKIE.fullmatch(value))
    )
