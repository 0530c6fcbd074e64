"""What a route does with a request, whatever kind of object says it: conditions, backends with their shares, actions.

``lacks`` of a rule are what Google's URL maps cannot say, each with its place: whoever moves the route has to decide.
Source: Compute Engine API, urlMaps (routeRules, routeAction, urlRedirect, headerAction); Cloud Load Balancing, "Traffic
management overview": regular expressions are for Traffic Director alone, mirrors must not be serverless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd
from typing import Literal

# prefix: by whole elements of the path; text: any path that begins so.
PathKind = Literal["exact", "prefix", "text"]
ValueKind = Literal["exact", "prefix", "suffix", "present"]


@dataclass(frozen=True, slots=True)
class ValueMatch:
    """A header or query parameter that a request must have."""

    name: str
    kind: ValueKind
    value: str = ""
    invert: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """All of it must hold."""

    path: str = "/"
    kind: PathKind = "prefix"
    headers: tuple[ValueMatch, ...] = ()
    query: tuple[ValueMatch, ...] = ()
    method: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether a path alone says it."""
        text = self.kind == "text" and not self.path.endswith("/")
        return not (self.headers or self.query or self.method or text)


@dataclass(frozen=True, slots=True)
class Target:
    namespace: str
    service: str
    port: int | str | None
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Rewrite:
    """``prefix`` takes the place of what matched, ``path`` of the whole path, ``host`` of the Host header."""

    prefix: str | None = None
    path: str | None = None
    host: str | None = None


REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})  # Compute Engine API, urlMaps: redirectResponseCode
_LARGEST_WEIGHT = 1000  # Compute Engine API, urlMaps: weightedBackendServices[].weight; the Gateway API has 1,000,000


def shares_of(weights: Sequence[int]) -> tuple[int, ...]:
    """Weights that a URL map takes, with the same shares, or the nearest ones; what gets something keeps doing so."""
    if max(weights, default=0) <= _LARGEST_WEIGHT:
        return tuple(weights)
    exact = [w // gcd(*weights) for w in weights]
    largest = max(exact)
    if largest <= _LARGEST_WEIGHT:
        return tuple(exact)
    return tuple(max(1, round(w * _LARGEST_WEIGHT / largest)) if w else 0 for w in exact)


def rounded_weights(targets: Sequence[Target], at: str) -> list[Lack]:
    """Shares that weights up to 1000 cannot give."""
    weights = [t.weight for t in targets]
    given = shares_of(weights)
    if all(w * sum(given) == g * sum(weights) for w, g in zip(weights, given, strict=True)):
        return []
    said, nearest = ":".join(map(str, weights)), ":".join(map(str, given))
    return [Lack(at, f"weights {said}", f"the nearest that it has are {nearest}")]


@dataclass(frozen=True, slots=True)
class Redirect:
    status: int
    host: str | None = None
    path: str | None = None
    prefix: str | None = None
    https: bool = False
    strip_query: bool = False


@dataclass(frozen=True, slots=True)
class HeaderEdit:
    """``added``: (name, value, in place of what is there)."""

    added: tuple[tuple[str, str, bool], ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retries:
    attempts: int
    conditions: tuple[str, ...]
    per_try_s: float | None = None


@dataclass(frozen=True, slots=True)
class Cors:
    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age_s: int | None = None
    credentials: bool = False


@dataclass(frozen=True, slots=True)
class Actions:
    rewrite: Rewrite = Rewrite()
    redirect: Redirect | None = None
    request: HeaderEdit = HeaderEdit()
    response: HeaderEdit = HeaderEdit()
    timeout_s: float | None = None
    retries: Retries | None = None
    mirror: tuple[Target, float] | None = None  # and the share of requests, in per cent
    cors: Cors | None = None

    def over(self, other: Actions) -> Actions:
        """These, and those of ``other`` where these say nothing."""
        plain = Actions()
        kept = {f: getattr(other, f) for f in self.__slots__ if getattr(self, f) == getattr(plain, f)}
        return replace(self, **kept)


@dataclass(frozen=True, slots=True)
class Lack:
    """What a URL map cannot say: where it is written, what it is, and what comes of it."""

    path: str
    what: str
    then: str = "it is left out"


def condition_lacking(path: str, what: str) -> Lack:
    """Of what a request must have: a rule without it would take others in, so there is none."""
    return Lack(path, what, "such requests get 404, or what another rule gives them")


def patterns_of_origins(cors: Cors, at: str) -> list[Lack]:
    """Origins with a star in them: a URL map compares them whole, but for ``*`` alone."""
    stars = [o for o in cors.origins if "*" in o and o != "*"]
    return [Lack(at, f"origins by a pattern ({', '.join(stars)})")] if stars else []


@dataclass(frozen=True, slots=True)
class HttpRule:
    """One rule of a route, in the order of ``number`` where the source goes by order, else by how much a match says."""

    hosts: tuple[str, ...]  # empty: any host
    matches: tuple[Match, ...]
    targets: tuple[Target, ...]
    actions: Actions
    path: str
    lacks: tuple[Lack, ...] = ()
    by_order: bool = False
    is_default: bool = False  # what no other rule takes, as an Ingress's default backend
    by_every_host: bool = False  # for requests of a more specific host too that no rule of that host takes

    def does(self) -> tuple[str, ...]:
        """What it does beside leading a path to a backend, in words."""
        one, found = self.actions, list[str]()
        shares = [t.weight for t in self.targets if t.weight]
        found += [f"weights {':'.join(map(str, shares))}"] if len(shares) > 1 else []
        found += (
            ["matches of headers, queries or methods"]
            if any(m.headers or m.query or m.method for m in self.matches)
            else []
        )
        named = (
            ("a rewrite", one.rewrite != Rewrite()),
            ("a redirect", one.redirect is not None),
            ("header changes", one.request != HeaderEdit() or one.response != HeaderEdit()),
            ("a timeout", one.timeout_s is not None),
            ("retries", one.retries is not None),
            ("a mirror", one.mirror is not None),
            ("CORS", one.cors is not None),
        )
        return (*found, *(word for word, there in named if there))

    @property
    def is_plain(self) -> bool:
        """Whether host, path and one backend say it all."""
        live = [t for t in self.targets if t.weight]
        plain = replace(self.actions, timeout_s=None) == Actions()
        return plain and len(live) == 1 and all(m.is_plain for m in self.matches) and not self.by_order
