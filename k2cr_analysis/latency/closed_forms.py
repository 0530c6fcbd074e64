"""Closed forms of queueing theory: what a simulator is checked against, and a first answer where none is run.

========  ==========================================================  ===========
symbol    meaning                                                     unit
========  ==========================================================  ===========
``a``     offered load: arrival rate x mean service time              Erlang
``c``     servers, or vCPUs of one instance                           1
``rho``   a / c                                                       1
``S``     mean service time; results named ``*_ratio`` are in S       s
``T``     idle time after which an instance ends                      s
========  ==========================================================  ===========

Sources: Erlang (1917); Kleinrock, "Queueing Systems" I (1975) and II (1976); Sakasegawa (1977); for the loss system
with expiry: Mahmoudi and Khazaei, CLOSER 2021 (arXiv 2102.08904).
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from k2cr_analysis.model.observed import FloatArray


def erlang_b(a: float, c: int) -> float:
    """Probability that an arrival is lost in M/G/c/c. Any service distribution with finite mean.

    The recursion over c only adds and divides positive numbers, so that nothing overflows for thousands of servers.
    """
    blocked = 1.0
    for servers in range(1, c + 1):
        blocked = a * blocked / (servers + a * blocked)
    return blocked


def erlang_c(a: float, c: int) -> float:
    """Probability that an arrival waits in M/M/c; 1 where the queue never settles (a >= c)."""
    if a >= c:
        return 1.0
    blocked = erlang_b(a, c)
    return c * blocked / (c - a * (1.0 - blocked))


def mmc_mean_wait_ratio(a: float, c: int) -> float:
    """Mean wait before service in M/M/c, FCFS. [S]  Infinite for a >= c."""
    return erlang_c(a, c) / (c - a) if a < c else math.inf


def mmc_wait_quantile_ratio(a: float, c: int, p: float) -> float:
    """p-quantile of the wait in M/M/c, FCFS: P(W > t) = C exp(-(c - a) t / S). [S]"""
    if a >= c:
        return math.inf
    waits = erlang_c(a, c)
    return max(0.0, math.log(waits / (1.0 - p)) / (c - a)) if waits > 0.0 else 0.0


class FiniteQueue(NamedTuple):
    """M/M/c/K in steady state: share lost, mean number in the system, mean time in it [S]."""

    lost: float
    mean_in_system: float
    mean_sojourn_ratio: float


def mmck(a: float, c: int, capacity: int) -> FiniteQueue:
    """M/M/c with at most ``capacity`` (>= c) in the system; the rest is lost. Exponential service."""
    weights = [1.0]
    for n in range(1, capacity + 1):
        weights.append(weights[-1] * a / min(n, c))
    total = math.fsum(weights)
    lost = weights[-1] / total
    mean = math.fsum(n * w for n, w in enumerate(weights)) / total
    return FiniteQueue(lost, mean, mean / (a * (1.0 - lost)))


def ps_mean_sojourn_ratio(a: float, c: int) -> float:
    """Mean time of a request when c vCPUs are shared evenly by all that run (M/M/c-PS). [S]

    For c = 1 it is 1 / (1 - rho) and holds for any distribution of work (M/G/1-PS); for c > 1 work is exponential.
    """
    return 1.0 + mmc_mean_wait_ratio(a, c)


def shared_by_several_mean_sojourn_ratio(a: float, instances: int, cores: int, most: int = 14) -> float:
    """Mean time in the system where each request joins the least loaded of ``instances``, each of so many vCPUs. [S]

    Exponential work, no limit on concurrency. The exact balance equations of the Markov chain of the loads (in rising
    order, since instances are alike), cut off at ``most`` requests an instance, and Little's law.
    """
    states = list(itertools.combinations_with_replacement(range(most + 1), instances))
    number = {state: i for i, state in enumerate(states)}
    flow = np.zeros((len(states), len(states)))
    for i, state in enumerate(states):
        moves = [(tuple(sorted((state[0] + 1, *state[1:]))), a)] if state[0] < most else []
        for place, load in enumerate(state):
            if load > 0:
                moves.append((tuple(sorted((*state[:place], load - 1, *state[place + 1 :]))), float(min(load, cores))))
        for to, rate in moves:
            flow[number[to], i] += rate
            flow[i, i] -= rate
    flow[0, :] = 1.0
    share = np.linalg.solve(flow, np.eye(len(states))[:, 0])
    return float(share @ np.array([sum(state) for state in states])) / a


def ps_sojourn_std_ratio(rho: float) -> float:
    """Standard deviation of the time in M/M/1-PS. [S]"""
    return math.sqrt((2.0 + rho) / ((1.0 - rho) ** 2 * (2.0 - rho)))


def cold_start_probability(rate_per_s: float, service_s: float, idle_s: float) -> float:
    """P(an arrival finds no instance), Poisson arrivals, when one instance takes all concurrency (M/G/inf with expiry).

    exp(-lambda (S + T)): exact for any service distribution of mean S with a start-up of zero, or counted in S.
    """
    return math.exp(-rate_per_s * (service_s + idle_s))


def cold_starts_of_varying_rate(rates_per_s: FloatArray, period_s: float, idle_s: float) -> FloatArray:
    """Expected cold starts in each of n periods of constant Poisson rate, which repeat in a cycle. float64[n]

    Integral of lambda(t) exp(-integral of lambda over [t - T, t]) dt, for service times much below T: as
    :func:`cold_start_probability`, with the rate that really held over the last T seconds. Summed over steps
    of at most T / 4, mid-point rule.
    """
    steps = max(1, math.ceil(4.0 * period_s / idle_s)) if idle_s > 0.0 else 1
    step_s = period_s / steps
    fine = np.repeat(rates_per_s, steps)
    ends = np.concatenate(([0.0], np.cumsum(fine * step_s)))

    def expected_until(time_step: npt.NDArray[np.floating]) -> FloatArray:
        cycles, inside = np.divmod(time_step, len(fine))
        return np.asarray(cycles * ends[-1] + np.interp(inside, np.arange(len(ends)), ends), dtype=np.float64)

    middles = np.arange(len(fine)) + 0.5
    expected_in_idle = expected_until(middles) - expected_until(middles - idle_s / step_s)
    starts = fine * step_s * np.exp(-expected_in_idle)
    return np.asarray(starts.reshape(-1, steps).sum(axis=1))


class SingleInstanceLoss(NamedTuple):
    """One instance at most, one request at a time, no queue. Shares of all requests; means over time."""

    rejected: float
    cold: float
    mean_running: float
    mean_idle: float


def single_instance_loss(rate_per_s: float, warm_s: float, cold_s: float, idle_s: float) -> SingleInstanceLoss:
    """Loss system with N = 1, concurrency 1 and expiry after ``idle_s``: exact for any service distributions."""
    expired = math.exp(-rate_per_s * idle_s)
    busy_s = expired * cold_s + (1.0 - expired) * warm_s
    rejected = rate_per_s * busy_s / (1.0 + rate_per_s * busy_s)
    idle = (1.0 - expired) / rate_per_s / (busy_s + 1.0 / rate_per_s)
    return SingleInstanceLoss(rejected, expired * (1.0 - rejected), rejected, idle)


def busy_probability(a: float) -> float:
    """Share of time in which M/G/inf holds at least one request: the active time of one instance without a limit."""
    return -math.expm1(-a)


class AtWork(NamedTuple):
    """Instances with a request: their mean number, and P(an arrival sets one more to work)."""

    mean: float
    activation_probability: float


def instances_at_work(a: float, kept: int, concurrency: int) -> AtWork:
    """``kept`` instances, of which an idle one gets the next request; more where each has ``concurrency`` requests.

    N ~ Poisson(a) requests, M/G/inf: any service distribution. At work: max(min(N, kept), ceil(N / concurrency)).
    """
    spread = 10.0 * math.sqrt(a) + 20.0
    n = np.arange(max(0, math.floor(a - spread)), math.ceil(a + spread) + 1)
    log_pmf = n * (math.log(a) if a > 0.0 else -700.0)
    log_pmf[1:] -= np.cumsum(np.log(n[1:]))
    pmf = np.exp(log_pmf - log_pmf.max())
    pmf /= pmf.sum()
    at_work = np.maximum(np.minimum(n, kept), -(-n // concurrency))
    after_one_more = np.maximum(np.minimum(n + 1, kept), n // concurrency + 1)
    return AtWork(float(pmf @ at_work), float(pmf @ (after_one_more > at_work)))


def rounded_up_s(mean_s: float, step_s: float) -> float:
    """Mean of an exponential time that is rounded up to a whole number of steps. [s]"""
    return step_s / -math.expm1(-step_s / mean_s) if mean_s > 0.0 else step_s


def kingman_wait_ratio(rho: float, arrival_cv2: float, service_cv2: float) -> float:
    """Mean wait in G/G/1, FCFS: an approximation, exact (Pollaczek-Khinchine) for Poisson arrivals. [S]"""
    return (arrival_cv2 + service_cv2) / 2.0 * rho / (1.0 - rho)


def allen_cunneen_wait_ratio(a: float, c: int, arrival_cv2: float, service_cv2: float) -> float:
    """Mean wait in G/G/c, FCFS: an approximation. [S]"""
    return (arrival_cv2 + service_cv2) / 2.0 * mmc_mean_wait_ratio(a, c)


def sakasegawa_wait_ratio(rho: float, c: int, arrival_cv2: float, service_cv2: float) -> float:
    """Mean wait in G/G/c, FCFS: an approximation that needs no Erlang C. [S]"""
    return (arrival_cv2 + service_cv2) / 2.0 * math.pow(rho, math.sqrt(2.0 * (c + 1)) - 1.0) / (c * (1.0 - rho))


def alone_s(measured_s: float, rho: float, c: int) -> float:
    """Time of a request alone on c vCPUs, from its measured mean under load: M/M/c-PS, inverted. [s]

    W = S (1 + C(a, c) / (c - a)) with a = rho c. ``rho`` is the measured CPU use over the limit; it must be below 1.
    """
    return measured_s / ps_mean_sojourn_ratio(rho * c, c)
