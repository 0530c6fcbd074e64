"""A second simulator of the same service, for tests: plain Python, no heaps, no lower bounds, no virtual time.

It looks at every instance and every request at every event, and takes whatever is next. Slow, and simple enough to be
read against docs/latency.md. With the same draws it must give the latencies of the compiled one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from k2cr_analysis.latency.load.arrivals import Arrivals
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.model.observed import IntArray
from tests.latency.reference_draws import arrivals_of, service_times_of, startup_times_of

INF = math.inf
SAME_INSTANT_S = 1e-9


@dataclass(eq=False)
class Request:
    arrived_s: float
    cpu_s: float  # still to be worked off, once it runs
    rest_s: float
    worked_s: float = 0.0  # CPU work that it came with
    leaves_s: float = INF  # known when its CPU part has ended


@dataclass(eq=False)
class Instance:
    born_s: float
    ready_at_s: float
    cores: float
    ready: bool = False
    requests: list[Request] = field(default_factory=list)
    on_cpu: list[Request] = field(default_factory=list)
    idle_since_s: float = 0.0
    busy_since_s: float = 0.0
    billed_until_s: float = 0.0
    in_rotation: bool = False
    retiring: bool = False
    touched: int = 0
    boost_until_s: float = INF
    retires_s: float = INF

    @property
    def idle(self) -> bool:
        return self.ready and not self.requests


@dataclass
class Outcome:
    latencies_s: list[float] = field(default_factory=list)
    requests: int = 0
    rejected: int = 0
    cold_starts: int = 0
    instance_starts: int = 0
    instance_stops: int = 0
    simulated_s: float = 0.0
    live_s: float = 0.0
    active_s: float = 0.0
    in_flight_s: float = 0.0
    starting_s: float = 0.0
    idle_min_s: float = 0.0
    billed_request_s: float = 0.0
    billed_once_s: float = 0.0
    billed_instance_s: float = 0.0
    called: list[int] = field(default_factory=list)  # the most instances of each block of ticks, in order of size
    used: list[int] = field(default_factory=list)


def _billed_s(seconds: float) -> float:
    return math.ceil(seconds * 10.0 - 1e-6) / 10.0


def calls_of(counts: IntArray) -> dict[str, list[int]]:
    """``State.calls`` as an outcome has it."""
    return {
        n: [int(c) for c in np.repeat(np.arange(len(counts)), counts[:, i])] for i, n in enumerate(("called", "used"))
    }


class ReferenceSimulator:
    def __init__(self, service: ServiceConfig, seed: int) -> None:
        self.service = service
        arriving, working, starting = (int(w) for w in np.random.SeedSequence(seed).generate_state(3, np.uint64))
        self.seeds = (arriving, working)
        self.startups = startup_times_of(service, starting)
        self.contended = service.cpu_s > 0.0 and service.concurrency > max(1.0, service.cpu_cores)
        self.scales = service.scaling == "cloud-run" and service.min_instances < service.max_instances
        self.t = 0.0
        self.instances: list[Instance] = []  # oldest first
        self.pending: list[Request] = []
        self.out = Outcome()
        self.touches = 0
        self.next_tick_s = INF
        self.peak = self.most_in_system = 0
        self.block: list[tuple[int, int]] = []
        self.wish = service.min_instances
        self.system_s = self.cpu_s = 0.0
        self.seen = [(0.0, 0.0)] * max(1, round(service.window_s / service.tick_s))
        for _ in range(service.min_instances):
            self.instances.append(
                Instance(0.0, 0.0, service.cpu_cores, ready=True, in_rotation=True, retires_s=service.life_s)
            )

    def run(self, source: Arrivals, requests: int | None = None) -> Outcome:
        share = self.service.cpu_s / self.service.service_s if self.service.service_s > 0.0 else 0.0
        times = islice(arrivals_of(source, self.seeds[0]), requests)
        works = service_times_of(self.service, self.seeds[1])
        coming = iter([(at, next(works)) for at in times])
        end_s = source.ends_at() if requests is None else 0.0
        upcoming = next(coming, None)
        while True:
            arrival_s = upcoming[0] if upcoming else INF
            departure_s, what = self._next_departure()
            other_s, act = self._next_other()
            if upcoming is None and not self._in_system() and min(departure_s, other_s) > end_s:
                break
            if departure_s < INF and departure_s <= min(arrival_s, other_s) + SAME_INSTANT_S:
                self._pass(departure_s)
                self._departure(what)
            elif other_s <= arrival_s:
                self._pass(other_s)
                act()
            else:
                self._pass(arrival_s)
                work_s = upcoming[1]
                self._arrive(Request(arrival_s, work_s * share, work_s - work_s * share, work_s * share))
                upcoming = next(coming, None)
        self._pass(max(self.t, end_s))
        self._close()
        return self.out

    # --- what is next

    def _next_departure(self):
        """Starts that end and last bytes first, then CPU parts; of equals in each the earliest."""
        events = [(i.ready_at_s, i) for i in self.instances if not i.ready]
        events += [(r.leaves_s, (i, r)) for i in self.instances for r in i.requests if r.leaves_s < INF]
        parts = [
            (self.t + min(r.cpu_s for r in i.on_cpu) / self._speed(i), (i, min(i.on_cpu, key=lambda r: r.cpu_s)))
            for i in self.instances
            if i.on_cpu
        ]
        event = min(events, key=lambda e: e[0], default=(INF, None))
        part = min(parts, key=lambda e: e[0], default=(INF, None))
        return event if event[0] <= part[0] else part

    def _next_other(self):
        gives_up_s = self.pending[0].arrived_s + self.service.pending_timeout_s if self.pending else INF
        idle = self._longest_idle()
        expires_s = INF
        if idle is not None and len(self.instances) > self._kept():
            expires_s = max(self.t, idle.idle_since_s + self.service.idle_s)
        turns_s = min((min(i.boost_until_s, i.retires_s) for i in self.instances if i.ready), default=INF)
        found = [
            (gives_up_s, self._give_up),
            (expires_s, lambda: self._end(idle)),
            (turns_s, self._turn),
            (self.next_tick_s, self._tick),
        ]
        return min(found, key=lambda e: e[0])

    def _longest_idle(self) -> Instance | None:
        return min((i for i in self.instances if i.idle), key=lambda i: i.idle_since_s, default=None)

    def _kept(self) -> int:
        return max(self.service.min_instances, self.wish if self.wish > 1 else 0)

    def _speed(self, instance: Instance) -> float:
        return min(1.0, instance.cores / len(instance.on_cpu))

    def _in_system(self) -> int:
        return len(self.pending) + sum(len(i.requests) for i in self.instances)

    # --- time passes

    def _pass(self, t: float) -> None:
        dt = t - self.t
        if dt <= 0.0:
            return
        active = sum(bool(i.requests) for i in self.instances)
        self.system_s += self._in_system() * dt
        self.out.active_s += active * dt
        self.out.live_s += len(self.instances) * dt
        self.out.starting_s += sum(not i.ready for i in self.instances) * dt
        self.out.idle_min_s += max(0, self.service.min_instances - active) * dt
        for i in self.instances:
            if i.on_cpu:
                speed = self._speed(i)
                for r in i.on_cpu:
                    r.cpu_s -= dt * speed
        self.t = t

    # --- what happens

    def _arrive(self, request: Request) -> None:
        self._take_in(request)
        self.peak = max(self.peak, self._in_system())
        self.most_in_system = max(self.most_in_system, self._in_system())

    def _take_in(self, request: Request) -> None:
        if self.scales and self.next_tick_s == INF:
            self.seen = [(self.system_s, self.cpu_s)] * len(self.seen)
            self.next_tick_s = (math.floor(self.t / self.service.tick_s) + 1.0) * self.service.tick_s
        self.out.requests += 1
        service = self.service
        place = self._ready_place()
        if place is not None:
            self._give(place, request)
            return
        per_request = service.scaling == "per-request"
        open_ones = [i for i in self.instances if not i.ready and len(i.requests) < service.concurrency]
        if not per_request and open_ones:
            self._bind(open_ones[0], request)
        elif sum(bool(i.requests) or not i.ready or not per_request for i in self.instances) < service.max_instances:
            self._bind(self._start(), request)
        elif per_request or service.pending_timeout_s <= 0.0:
            self.out.rejected += 1
        else:
            self.pending.append(request)

    def _ready_place(self) -> Instance | None:
        with_place = [
            i for i in self.instances if i.ready and not i.retiring and len(i.requests) < self.service.concurrency
        ]
        in_rotation = [i for i in with_place if i.in_rotation]
        idle = [i for i in in_rotation if i.idle]
        if idle:
            return idle[-1]
        if in_rotation:
            return min(in_rotation, key=lambda i: (len(i.requests), -i.touched))
        if with_place:
            with_place[-1].in_rotation = True
            return with_place[-1]
        return None

    def _give(self, instance: Instance, request: Request) -> None:
        if not instance.requests:
            instance.busy_since_s = self.t
        instance.requests.append(request)
        self._touch(instance)
        self._begin(instance, request)

    def _begin(self, instance: Instance, request: Request) -> None:
        if not self.contended:
            self.cpu_s += request.cpu_s
            request.leaves_s = self.t + request.cpu_s / min(1.0, instance.cores) + request.rest_s
            return
        instance.on_cpu.append(request)

    def _bind(self, instance: Instance, request: Request) -> None:
        instance.requests.append(request)
        self.out.cold_starts += 1

    def _start(self) -> Instance:
        instance = Instance(self.t, self.t + next(self.startups), self.service.cpu_cores, busy_since_s=self.t)
        self.instances.append(instance)
        self.out.instance_starts += 1
        return instance

    def _touch(self, instance: Instance) -> None:
        self.touches += 1
        instance.touched = self.touches

    def _departure(self, what) -> None:
        if isinstance(what, Instance):
            self._becomes_ready(what)
            return
        instance, request = what
        if request.leaves_s == INF:  # its CPU part has ended
            instance.on_cpu.remove(request)
            self.cpu_s += request.worked_s
            if request.rest_s > 0.0:
                request.leaves_s = self.t + request.rest_s
                return
        self._leave(instance, request)

    def _leave(self, instance: Instance, request: Request) -> None:
        self.out.latencies_s.append(self.t - request.arrived_s)
        instance.requests.remove(request)
        self.out.in_flight_s += self.t - request.arrived_s
        if self.pending and not instance.retiring:
            waiting = self.pending.pop(0)
            instance.requests.append(waiting)
            self._begin(instance, waiting)
            return
        if not instance.requests:
            self.out.billed_request_s += _billed_s(self.t - instance.busy_since_s)
            self._bill_once(instance, instance.busy_since_s)
            if instance.retiring:
                self._end_and_replace(instance)
                return
            instance.idle_since_s = self.t
        if instance.in_rotation:
            self._touch(instance)

    def _becomes_ready(self, instance: Instance) -> None:
        instance.ready = instance.in_rotation = True
        service = self.service
        if service.boosted_cpu_cores and service.boost_s > 0.0:
            instance.cores = service.boosted_cpu_cores
            instance.boost_until_s = self.t + service.boost_s
        instance.retires_s = self.t + service.life_s
        for request in list(instance.requests):
            self._begin(instance, request)
        if not instance.requests:
            self.out.billed_request_s += _billed_s(self.t - instance.born_s)
            self._bill_once(instance, instance.born_s)
        while self.pending and len(instance.requests) < service.concurrency:
            self.out.cold_starts += 1
            self._give(instance, self.pending.pop(0))
        if not instance.requests:
            instance.idle_since_s = self.t
        self._touch(instance)

    def _give_up(self) -> None:
        self.pending.pop(0)
        self.out.rejected += 1

    def _end(self, instance: Instance) -> None:
        self.instances.remove(instance)
        self.out.instance_stops += 1
        self.out.billed_instance_s += max(60.0, self.t - instance.born_s)

    def _bill_once(self, instance: Instance, since_s: float) -> None:
        begins_s = max(since_s, instance.billed_until_s)
        if self.t > begins_s:
            self.out.billed_once_s += _billed_s(self.t - begins_s)
            instance.billed_until_s = begins_s + _billed_s(self.t - begins_s)

    def _end_and_replace(self, instance: Instance) -> None:
        self._end(instance)
        wanted = self._kept()
        if len(self.instances) < wanted or (self.pending and len(self.instances) < self.service.max_instances):
            self._start()

    def _turn(self) -> None:
        for instance in [i for i in self.instances if i.ready]:
            if instance.boost_until_s <= self.t:
                instance.boost_until_s = INF
                instance.cores = self.service.cpu_cores
            if instance.retires_s <= self.t:
                instance.retires_s = INF
                if instance.requests:
                    instance.retiring, instance.in_rotation = True, False
                else:
                    self._end_and_replace(instance)

    def _tick(self) -> None:
        service = self.service
        system = (self.system_s - self.seen[0][0]) / service.window_s
        cores = (self.cpu_s - self.seen[0][1]) / service.window_s
        now_wanted = self._wanted(
            (self.system_s - self.seen[-1][0]) / service.tick_s, (self.cpu_s - self.seen[-1][1]) / service.tick_s
        )
        self.seen = [*self.seen[1:], (self.system_s, self.cpu_s)]
        self.wish = self._wanted(system, cores)
        self._note_calls(now_wanted)
        if self.instances:
            while len(self.instances) < self.wish:
                self._start()
        if service.concurrency > 1:
            self._rotate(max(self.wish, now_wanted, 1))
        asleep = not self._in_system() and system <= 0.0
        self.next_tick_s = INF if asleep else self.t + service.tick_s

    def _note_calls(self, now_wanted: int) -> None:
        called = max(self.wish, math.ceil(self.peak / self.service.concurrency))
        used = sum(bool(i.requests) or i.idle_since_s > self.t - self.service.tick_s for i in self.instances)
        if used >= len(self.instances):
            used = max(used, called, now_wanted)
        self.peak = self._in_system()
        self.block.append((called, used))
        if len(self.block) == len(self.seen):
            self.out.called.append(max(c for c, _ in self.block))
            self.out.used.append(max(u for _, u in self.block))
            self.block = []

    def _wanted(self, system: float, cores: float) -> int:
        service = self.service
        by_cpu = math.ceil(cores / (service.cpu_cores * service.target_cpu) - 1e-9)
        by_places = math.ceil(system / (service.concurrency * service.target_concurrency) - 1e-9)
        return min(max(by_cpu, by_places, service.min_instances), service.max_instances)

    def _rotate(self, target: int) -> None:
        ready = [i for i in self.instances if i.ready]
        if min(target, len(ready)) == sum(i.in_rotation for i in ready):
            return
        staying = [i for i in reversed(ready) if not i.retiring]
        for place, instance in enumerate(staying):
            if instance.in_rotation != (place < target):
                instance.in_rotation = place < target
                if instance.in_rotation:
                    self._touch(instance)

    def _close(self) -> None:
        """Those that live at the end are billed for what they have lived."""
        self.out.called.sort()
        self.out.used.sort()
        self.out.simulated_s = self.t
        self.out.billed_instance_s += sum(self.t - i.born_s for i in self.instances)
        begun_s = sum(self.t - i.born_s for i in self.instances if not i.ready)
        self.out.billed_request_s += begun_s
        self.out.billed_once_s += begun_s
