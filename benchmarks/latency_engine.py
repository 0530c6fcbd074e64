"""How fast the simulator is, beside SimFaaS, ciw and the same loop in C; all in one run, on one core.

    .venv/bin/python benchmarks/latency_engine.py [--week TRACE.csv]

Prints simulated requests a second of processor time (so that another program on the machine disturbs it less), and
ratios. The figures that are compared come from runs whose results agree; they are printed too.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from latency_recommend import main as full_grid

from k2cr_analysis.latency.load.arrivals import poisson
from k2cr_analysis.latency.load.arrivals_file import FileArrivals
from k2cr_analysis.latency.simulator.service import ServiceConfig
from k2cr_analysis.latency.simulator.simulate import Run, simulate

REPEATS = 5
# SimFaaS' own example: rate, warm and cold service time, idle time, most instances.
RATE, WARM_S, COLD_S, IDLE_S, MOST = 0.9, 1.991, 2.244, 600.0, 1000
C_LOOP = Path(__file__).with_name("latency_loss_loop.c")


def best(run: Callable[[], int]) -> float:
    """Requests a second of processor time, the best of some runs."""
    found = 0.0
    for _ in range(REPEATS):
        began = time.process_time()
        requests = run()
        found = max(found, requests / (time.process_time() - began))
    return found


def line(name: str, rate: float, said: str = "") -> None:
    print(f"{name:<52} {rate / 1e6:9.3f} M requests/s  {said}")


def simfaas_model() -> None:
    import numpy as np
    from simfaas.ServerlessSimulator import ServerlessSimulator

    def theirs() -> int:
        np.random.seed(1)  # SimFaaS draws from the global state
        sim = ServerlessSimulator(
            arrival_rate=RATE, warm_service_rate=1 / WARM_S, cold_service_rate=1 / COLD_S,
            expiration_threshold=IDLE_S, max_time=1e5, maximum_concurrency=MOST,
        )  # fmt: skip
        sim.generate_trace(debug_print=False, progress=False)
        kept["simfaas"] = sim.total_cold_count / sim.total_req_count, sim.get_average_server_running_count()
        return int(sim.total_req_count)

    service = ServiceConfig(
        service_s=WARM_S, cpu_s=0.0, concurrency=1, startup_s=COLD_S - WARM_S, startup_distribution="exponential",
        idle_s=IDLE_S, max_instances=MOST, scaling="per-request",
    )  # fmt: skip

    def ours() -> int:
        run = simulate(poisson(RATE), service, seed=1, requests=5_000_000)
        kept["k2cr"] = run.cold_starts / run.requests, run.mean_active_instances
        return run.requests

    kept: dict[str, tuple[float, float]] = {}
    ours()
    mine, peer = best(ours), best(theirs)
    line("SimFaaS' example, SimFaaS", peer, "cold {:.6f}, running {:.4f}".format(*kept["simfaas"]))
    line("SimFaaS' example, k2cr", mine, "cold {:.6f}, running {:.4f}".format(*kept["k2cr"]))
    print(f"    ratio k2cr / SimFaaS {mine / peer:.0f}")
    in_c = c_loop()
    if in_c:
        line("SimFaaS' example, the loop in C", in_c)
        print(f"    ratio C / k2cr {in_c / mine:.2f}")


def c_loop() -> float | None:
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "loop"
        subprocess.run([compiler, "-O3", "-march=native", "-o", program, C_LOOP, "-lm"], check=True)
        arguments = [str(value) for value in (5_000_000, RATE, WARM_S, COLD_S, IDLE_S)]
        rates = [
            float(subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout.split()[0])
            for _ in range(REPEATS)
        ]
    return max(rates)


def general_queue() -> None:
    """M/M/8 beside ciw."""
    import ciw

    def theirs() -> int:
        ciw.seed(1)
        network = ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(5.0)], service_distributions=[ciw.dists.Exponential(1.0)],
            number_of_servers=[8],
        )  # fmt: skip
        queue = ciw.Simulation(network)
        queue.simulate_until_max_time(4000.0)
        records = queue.get_all_records()
        kept["ciw"] = sum(r.exit_date - r.arrival_date for r in records) / len(records)
        return len(records)

    service = ServiceConfig(
        service_s=1.0, cpu_s=0.0, concurrency=8, min_instances=1, max_instances=1, pending_timeout_s=math.inf
    )

    def ours() -> int:
        run = simulate(poisson(5.0), service, seed=1, requests=3_000_000)
        kept["k2cr"] = run.mean_s.value if run.mean_s else math.nan
        return run.requests

    kept: dict[str, float] = {}
    ours()
    mine, peer = best(ours), best(theirs)
    line("M/M/8, ciw", peer, f"mean {kept['ciw']:.4f} s (exact 1.0558)")
    line("M/M/8, k2cr", mine, f"mean {kept['k2cr']:.4f} s")
    print(f"    ratio k2cr / ciw {mine / peer:.0f}")


def cloud_run() -> None:
    cases = {
        "Cloud Run model, concurrency 1, 100 requests/s": (100.0, ServiceConfig(concurrency=1, max_instances=1000)),
        "Cloud Run model, concurrency 80, CPU shared, 10/s": (10.0, ServiceConfig(max_instances=1000)),
        "Cloud Run model, concurrency 80, CPU shared, 100/s": (100.0, ServiceConfig(max_instances=1000)),
        "Cloud Run model, concurrency 80, CPU shared, 1000/s": (1000.0, ServiceConfig(max_instances=1000)),
        "Cloud Run model, concurrency 80, all on CPU, 3/s": (3.0, ServiceConfig(cpu_s=0.2, max_instances=1000)),
    }
    for name, (rate, service) in cases.items():

        def run(rate: float = rate, service: ServiceConfig = service) -> int:
            return simulate(poisson(rate), service, seed=1, requests=3_000_000).requests

        line(name, best(run))


def first_call() -> None:
    importing = (
        "import sys, time; t = time.perf_counter(); import k2cr_analysis\n"
        "print(time.perf_counter() - t, 'numba' in sys.modules)"
    )
    took, with_numba = subprocess.run(
        [sys.executable, "-c", importing], capture_output=True, text=True, check=True
    ).stdout.split()
    print(f"import of the package: {float(took):.2f} s, numba imported with it: {with_numba}")
    code = (
        "import time; t = time.perf_counter()\n"
        "from k2cr_analysis.latency.simulator.simulate import simulate\n"
        "from k2cr_analysis.latency.load.arrivals import poisson\n"
        "from k2cr_analysis.latency.simulator.service import ServiceConfig\n"
        "simulate(poisson(5.0), ServiceConfig(), requests=1000); print(time.perf_counter() - t)"
    )
    for said, environment in (("cache warm", {}), ("nothing compiled yet", {"NUMBA_CACHE_DIR": tempfile.mkdtemp()})):
        took = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | environment
        ).stdout
        print(f"first call in a fresh process, {said}: {float(took):.2f} s")
        if environment:
            shutil.rmtree(environment["NUMBA_CACHE_DIR"])


def whole_week(trace: Path) -> None:
    service = ServiceConfig(
        service_s=0.12, cpu_s=0.02, service_distribution="lognormal", service_cv=1.5, startup_s=3.0, max_instances=1000
    )
    began = time.perf_counter()
    run: Run = simulate(FileArrivals(trace), service, seed=1)
    print(f"{trace.name}: {run.requests:,} requests in {time.perf_counter() - began:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--week", type=Path, help="a trace to run as a whole")
    chosen = parser.parse_args()
    simfaas_model()
    general_queue()
    cloud_run()
    first_call()
    full_grid()
    if chosen.week:
        whole_week(chosen.week)


if __name__ == "__main__":
    main()
