"""Examples of every verb, as its help shows them. A test runs each through the program's own parser."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "demo": ("k2cr demo", "k2cr demo --out /tmp/k2cr-demo --jobs 4"),
    "collect": (
        "k2cr collect --manifests k8s/ --out shop.snapshot",
        "k2cr collect --context gke_acme_tokyo_shop --project acme --out shop.snapshot",
        "k2cr collect --manifests k8s/ --usage usage.parquet --traffic traffic.csv --out shop.snapshot",
    ),
    "assess": (
        "k2cr assess shop.snapshot",
        "k2cr assess shop.snapshot frontend",
        "k2cr assess shop.snapshot -n portal --verdict ready --sort-by saving",
        "k2cr assess shop.snapshot -o csv --out workloads.csv",
        "k2cr assess shop.snapshot portal/frontend --explain",
        "k2cr assess shop.snapshot --assume-rps 0.1:10",
    ),
    "plan": (
        "k2cr plan shop.snapshot",
        "k2cr plan tokyo.snapshot osaka.snapshot -o markdown",
        "k2cr plan shop.snapshot --with portal/frontend --without shop/web",
    ),
    "render": (
        "k2cr render shop.snapshot --out rendered",
        "k2cr render shop.snapshot frontend --out rendered --check",
    ),
    "report": (
        "k2cr report shop.snapshot --out report",
        "k2cr report shop.snapshot --out report --jobs 2 --resume",
        "k2cr report shop.snapshot --out report -n portal --top 20",
    ),
    "diff": ("k2cr diff october.snapshot november.snapshot", "k2cr diff october.snapshot november.snapshot -o json"),
    "decide": ("k2cr decide shop.snapshot", "k2cr decide shop.snapshot portal/Deployment/frontend"),
    "verify": ("k2cr verify shop.snapshot portal/Deployment/frontend --service frontend --metrics run.parquet",),
    "cost": (
        "k2cr cost --region asia-northeast1 --cpu 1 --memory 512Mi --requests 10e6 --latency 200ms",
        "k2cr cost --kind job --region us-central1 --cpu 2 --memory 2Gi --hours 20",
    ),
    "simulate": ("k2cr simulate --rate 10 --service-time 200ms --cpu-time 50ms --concurrency 20",),
    "prices": ("k2cr prices show --region asia-northeast1", "k2cr prices refresh --out prices.csv"),
    "explain": ("k2cr explain exec-probe", "k2cr explain"),
    "init": ("k2cr init", "k2cr init --out infra/k2cr"),
    "doctor": ("k2cr doctor --project acme",),
}


def epilog(verb: str) -> str | None:
    """The lines under a verb's options; click keeps them as they are behind a backspace."""
    lines = EXAMPLES.get(verb)
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines) if lines else None
