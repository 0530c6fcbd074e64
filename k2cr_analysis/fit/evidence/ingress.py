"""Which container is the ingress container, and on which of its ports.

It is the container that owns the targetPort of the Service that the Ingress, Gateway or caller uses, by number or by
name. Ports for metrics and administration are no candidates where another one is there. If several containers remain,
nothing is chosen: a finding asks for a choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from k2cr_analysis.config.settings import WorkloadSettings
from k2cr_analysis.fit.evidence.protocols import CalledPort, known_ports, role_of
from k2cr_analysis.model.findings.finding import Target
from k2cr_analysis.model.workload import Container, Pod
from k2cr_analysis.platforms.cloud_run.limits import DEFAULT_PORT


@dataclass(frozen=True, slots=True)
class IngressChoice:
    """``container`` is None where a person has to choose among ``candidates``. ``rivals``: other ports that callers
    use.

    ``invalid``: the config names a container that the pod has not.
    """

    container: str | None
    port: int | None
    h2c: bool
    called: CalledPort | None
    candidates: tuple[str, ...] = ()
    rivals: tuple[CalledPort, ...] = ()
    invalid: str | None = None


NO_INGRESS = IngressChoice(None, None, False, None)


def choose_ingress(
    target: Target, pod: Pod, moving: Sequence[Container], called: Sequence[CalledPort], settings: WorkloadSettings
) -> IngressChoice:
    """The ingress container of a service; ``NO_INGRESS`` for a job and a worker pool."""
    if target != "service":
        return NO_INGRESS
    web = candidates(called)
    if settings.ingress_container:
        return _as_configured(settings.ingress_container, moving, web)
    possible = _possible(web, moving)
    return _in_container(possible[0], web, moving) if len(possible) == 1 else _ask(possible, web)


def _possible(web: Sequence[CalledPort], moving: Sequence[Container]) -> tuple[str, ...]:
    """The containers that may own the port: those that the Services lead to, else those that listen at all."""
    names = tuple(c.name for c in moving)
    owners = tuple(dict.fromkeys(c.container for c in web if c.container is not None and c.container in names))
    if owners or len(names) == 1:
        return owners or names
    listening = tuple(c.name for c in moving if _application_ports(c))
    if web:
        # A port that nobody declares: a container that declares its own ports is not the one that hides it.
        return listening if len(listening) > 1 else names
    return listening or names


def _ask(possible: tuple[str, ...], web: Sequence[CalledPort]) -> IngressChoice:
    return IngressChoice(None, None, False, None, possible, tuple(web))


def candidates(called: Sequence[CalledPort]) -> list[CalledPort]:
    """The ports that could be Cloud Run's one port: those that a route leads to, else those that callers use."""
    web = [c for c in called if c.is_web]
    routed = [c for c in web if c.routed]
    application = [c for c in web if c.role == "application"] or [c for c in web if c.role == "admin"] or web
    return [c for c in routed if c.role == "application"] or routed or application


def _as_configured(name: str, moving: Sequence[Container], web: Sequence[CalledPort]) -> IngressChoice:
    if name not in [c.name for c in moving]:
        return IngressChoice(None, None, False, None, tuple(c.name for c in moving), tuple(web), invalid=name)
    return _in_container(name, web, moving)


def _in_container(name: str, web: Sequence[CalledPort], moving: Sequence[Container]) -> IngressChoice:
    container = next(c for c in moving if c.name == name)
    own = _listened_on([c for c in web if c.container in (name, None)], container)
    chosen = _preferred(own)
    if chosen is None:
        return IngressChoice(name, _first_port(container), _named_grpc(container), None)
    port = chosen.target if chosen.target is not None else _first_port(container)
    return IngressChoice(name, port, chosen.is_http2, chosen)


def _preferred(own: Sequence[CalledPort]) -> CalledPort | None:
    """Plain HTTP before TLS (80 and 443 of one application), else the first in the order of the Services."""
    plain = [c for c in own if c.speaks != "https"]
    return next(iter(plain or own), None)


def _listened_on(own: Sequence[CalledPort], container: Container) -> list[CalledPort]:
    """Those among the ports that the container says it listens on, if it says so of any."""
    known = known_ports(container)
    return [c for c in own if c.target in known] or list(own)


def _application_ports(container: Container) -> list[int]:
    return [p.number for p in container.ports if p.protocol == "TCP" and role_of(p.name) == "application"]


def _first_port(container: Container) -> int:
    own = (
        _application_ports(container)
        or [p.number for p in container.ports if p.protocol == "TCP"]
        or list(known_ports(container))
    )
    return own[0] if own else DEFAULT_PORT


def _named_grpc(container: Container) -> bool:
    first = next((p for p in container.ports if p.number == _first_port(container)), None)
    return bool(first and first.name and set(first.name.split("-")) & {"grpc", "h2c", "http2"})


def ports_that_callers_use(called: Sequence[CalledPort]) -> tuple[CalledPort, ...]:
    """One of each web port that callers use: 80 and 443 of one application count once, metrics and admin ports do not.

    Two ports are one application's plain and TLS entrance where one is HTTPS and the other HTTP in the same container.
    """
    distinct: list[CalledPort] = []
    for one in called:
        if not one.is_web or (one.role != "application" and not one.routed):
            continue
        if any(one.target is not None and one.target == other.target for other in distinct):
            continue
        if any(
            one.container == other.container and {one.speaks, other.speaks} == {"http", "https"} for other in distinct
        ):
            continue
        distinct.append(one)
    return tuple(distinct)
