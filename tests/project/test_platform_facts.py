"""What the platforms are stands in `platforms/` alone: no other file writes their numbers or names again.

Read from the syntax tree, so prose in docstrings and comments may tell a number. A number is a fact of the platform only
where it is bound to its subject (80 of *concurrency*, not port 80), so a row names both; the subject is looked for in
the names of the statement. A name is a fact wherever it stands.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "k2cr_analysis"
FILES = sorted(p for p in PACKAGE.rglob("*.py") if (PACKAGE / "platforms") not in p.parents)
# What works with the same numbers beside the package; the demo's objects are made up with real labels on purpose.
BESIDE = sorted(p for folder in ("benchmarks", "scripts") for p in (PACKAGE.parent / folder).rglob("*.py"))

# Numbers of the platforms: value, names that say what it is of, where it stands. An hour and five minutes are also
# plain spans (an hour of a bill, a step of a metric), so they are facts only under a name of what ends by them.
NUMBERS: tuple[tuple[frozenset[float], str, str], ...] = (
    (frozenset({0.6, 60}), r"target|utilis|utiliz", "scaling.DEFAULT_TARGET"),
    (frozenset({900, 15}), r"idle", "scaling.IDLE_S"),
    (frozenset({3.5, 10}), r"pending", "scaling.PENDING_STARTS, MIN_PENDING_S"),
    (frozenset({0.1, 60, 100}), r"bill", "cloud_run/billing.BILLED_STEP_S, LEAST_BILLED_S"),
    (frozenset({80, 1000}), r"concurren", "limits.DEFAULT_CONCURRENCY, MAX_CONCURRENCY"),
    (frozenset({240}), r"", "probes.MAX_STARTUP_S"),
    (
        frozenset({300, 3600}),
        r"time_?out|(?<!progress)deadline|probe|liveness|readiness|task"
        r"|request(?!s)|response|websocket|stream|connection|session"
        r"|(?:^|[ _])(?:most|limit|longest|cap|max_s|max_seconds)(?:_s|_seconds)?(?: |$)",
        "limits.DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S, UNMOVED_TASK_S; probes",
    ),
    (frozenset({12, 43_200}), r"delayed", "limits.MAX_DELAYED_RUN_S"),
    (frozenset({600}), r"task|time_?out|(?<!progress)deadline", "limits.DEFAULT_TASK_TIMEOUT_S"),
    (frozenset({730}), r"", "billing.HOURS_PER_MONTH"),
    (frozenset({8080}), r"port", "limits.DEFAULT_PORT"),
    (frozenset({49}), r"name|label|cut", "limits.MAX_SERVICE_NAME"),
    (frozenset({32}), r"memory|gib|body", "limits.MAX_MEMORY_BYTES, MAX_HTTP1_BODY_BYTES"),
    (frozenset({0.08}), r"cpu|core|fraction", "limits.MIN_FRACTION_CORES"),
)
# Under another name an hour, a quarter and five minutes are plain spans or counts: where, and of what.
PLAIN: dict[str, str] = {
    "assessment/recommending/steady_instances.py": "periods of an hour",
    "cli/__init__.py": "letters of a path",
    "cli/terminal/moved.py": "seconds of a round",
    "latency/month/held.py": "seconds of a step",
    "latency/month/levels.py": "seconds of a step",
    "latency/validation.py": "published runs",
    "model/duration.py": "seconds of an hour",
    "model/objects/defaults.py": "Kubernetes' own defaults",
    "model/parse/entrances/program_timeouts.py": "seconds of an hour",
    "model/parse/node.py": "the longest start that is believed",
    "model/routing/gateway_rules.py": "seconds of an hour",
    "model/routing/ingress_annotations.py": "seconds of an hour",
    "openapi/schedule.py": "seconds of an hour",
    "planning/futures/way_prices.py": "seconds of an hour",
    "planning/search/single_moves.py": "sets tried",
    "pricing/cloud_run/lower_bound.py": "seconds of an hour",
    "pricing/packing/reservation.py": "GKE's slices, whose one home it is",
    "queries/gaps.py": "seconds of an hour",
    "queries/service_traffic.py": "seconds of an hour",
    "report/objective.py": "milliseconds offered",
    "report/tables/workload.py": "seconds of an hour",
    "sources/catalog/meters.py": "seconds of an hour",
    "sources/cloud_run/metrics.py": "periods of a metric",
    "sources/commands.py": "seconds of an hour",
    "sources/monitoring/client.py": "periods of a metric",
    "sources/monitoring/queries.py": "periods of a metric",
    "sources/prometheus/client.py": "letters of an answer",
    "sources/prometheus/read.py": "seconds of an hour",
}
# The same in words, as a message tells them.
SAID = re.compile(
    r"(?<![\d.])(60 %|240 s|300 s|3600 s|600 s|15 min|60 min(?:utes)?|100 ms|730 h|32 MiB|168 h|512 MiB|8 vCPU|730)(?![\w])"
    r"|(?<!\w)concurrency (?:of )?(?:80|1000)(?!\d)"
)
# Keys of labels and annotations, as a whole string; Cloud Run's annotations and the reserved variables in messages too.
DOMAINS = "(?:[a-z0-9-]+\\.)*(?:kubernetes\\.io|k8s\\.io|knative\\.dev|gke\\.io|cloud\\.google\\.com|run\\.googleapis\\.com|istio\\.io)"
KEY = re.compile(rf"{DOMAINS}/[A-Za-z][\w.-]*")
IN_WORDS = re.compile(
    r"(?<![\w./-])run\.googleapis\.com/(?!request_|container/|v\d)[a-z]"
    r"|\bK_(?:SERVICE|REVISION|CONFIGURATION)\b|\bCLOUD_RUN_(?:JOB|EXECUTION|TASK_\w+|WORKER_\w+)\b|\bX_GOOGLE_"
)
# What has the form of a key and is none: versions of APIs, types of Secrets, protocols of ports, kinds, controllers.
NO_KEY = re.compile(
    r".*/v\d\w*|kubernetes\.io/(?:tls|dockerconfigjson|basic-auth|ssh-auth|h2c|wss?)|serving\.knative\.dev/[A-Z]\w+"
    r"|networking\.gke\.io/gateway"
)


def strings_that_document(tree: ast.Module) -> set[int]:
    """Ids of docstrings."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found


def subjects(node: ast.AST) -> str:
    """The names in the smallest statement, argument or keyword around a constant."""
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    names += [n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)]
    names += [n.arg for n in ast.walk(node) if isinstance(n, ast.arg | ast.keyword) and n.arg]
    return " ".join(names).lower()


_MANY = (ast.Tuple, ast.List, ast.Set)


def bound(tree: ast.Module) -> Iterator[tuple[ast.Constant, str]]:
    """Each number with the names that it is bound to: a target, a keyword, a parameter, the other side of a comparison."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            around = " ".join(subjects(t) for t in targets)
            yield from ((c, around) for c in direct(node.value))
        elif isinstance(node, ast.keyword) and node.arg:
            yield from ((c, node.arg.lower()) for c in direct(node.value))
        elif isinstance(node, ast.Call):  # a default beside the key that it is of, a bound in `max(10, pending)`
            around = subjects(node.func) if isinstance(node.func, ast.Name) else ""
            around += "".join(f" {subjects(a)} {_text(a)}" for a in node.args)
            yield from ((c, around) for a in node.args if not isinstance(a, _MANY) for c in direct(a))
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None and not isinstance(value, _MANY):
                    yield from ((c, f"{subjects(key)} {_text(key)}") for c in direct(value))
        elif isinstance(node, ast.Return) and node.value is not None:
            yield from ((c, subjects(node.value)) for c in direct(node.value))
        elif isinstance(node, ast.Compare):
            around = subjects(node)
            yield from ((c, around) for side in (node.left, *node.comparators) for c in direct(side))
        elif isinstance(node, ast.arguments):
            positional = [*node.posonlyargs, *node.args]
            pairs = [*zip(positional[len(positional) - len(node.defaults) :], node.defaults, strict=True)]
            pairs += [(a, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d is not None]
            for argument, default in pairs:
                yield from ((c, argument.arg.lower()) for c in direct(default))


def _text(node: ast.AST) -> str:
    return node.value.lower() if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def direct(value: ast.AST) -> Iterator[ast.Constant]:
    """The numbers of an expression, not those inside a call's or an index's own arguments."""
    if isinstance(value, ast.Constant) and type(value.value) in (int, float):
        yield value
    elif isinstance(value, ast.BinOp):
        yield from direct(value.left)
        yield from direct(value.right)
    elif isinstance(value, ast.Tuple | ast.List | ast.Set):
        for one in value.elts:
            yield from direct(one)
    elif (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in ("Decimal", "float", "int")
    ):
        for one in value.args:
            if isinstance(one, ast.Constant) and re.fullmatch(r"\d+(\.\d+)?", str(one.value)):
                yield ast.copy_location(ast.Constant(float(one.value)), one)


def again(text: str) -> list[str]:
    """What a file writes again, each with its line and the home of the fact."""
    tree = ast.parse(text)
    documents = strings_that_document(tree)
    found = []
    for constant, around in bound(tree):
        for values, subject, home in NUMBERS:
            if constant.value in values and re.search(subject, around):
                found.append(f"line {constant.lineno}: {constant.value} ({around.strip()[:60]}): platforms/{home}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            said = [*SAID.finditer(node.value), *IN_WORDS.finditer(node.value)]
            key = KEY.fullmatch(node.value)
            said += [key] if key and not NO_KEY.fullmatch(node.value) else []
            found += [f"line {node.lineno}: {m.group()!r} in {node.value[:60]!r}" for m in said]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_other_file_writes_a_fact_of_the_platforms_again(file: Path) -> None:
    assert again(file.read_text(encoding="utf-8")) == []


def test_a_span_under_a_neutral_name_is_a_reviewed_one() -> None:
    """What the names around a number do not tell, the reviewed list does: a new one is looked at by somebody."""
    spans = {300, 600, 900, 3600}
    found = {
        file.relative_to(PACKAGE).as_posix()
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value in spans
    }
    assert sorted(found ^ PLAIN.keys()) == [], "a limit of the platform goes to platforms/; a plain span into PLAIN"


@pytest.mark.parametrize("file", BESIDE, ids=lambda p: p.name)
def test_no_script_writes_a_number_of_the_platforms_again(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    wanted = {"billing.HOURS_PER_MONTH", "probes.MAX_STARTUP_S", "limits.DEFAULT_CONCURRENCY, MAX_CONCURRENCY"}
    rows = [row for row in NUMBERS if row[2] in wanted]
    found = [
        c.lineno for c, around in bound(tree) for values, of, _ in rows if c.value in values and re.search(of, around)
    ]
    products = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp)]
    found += [c.lineno for product in products for c in direct(product) if c.value == 730]
    assert found == []


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("IDLE_S = 900", True),
        ("def f(concurrency: int = 80): ...", True),
        ("f(timeout_s=3600)", True),
        ("if timeout > 3600: ...", True),
        ("MONTH = 730 * 60", True),
        ("TARGET = Decimal('0.6')", True),
        ('KEY = "run.googleapis.com/ingress"', True),
        ('KIND = "networking.k8s.io/v1"', False),
        ('KEY = "networking.gke.io/load-balancer-type"', True),
        ('RESERVED = ("K_SERVICE",)', True),
        ('say(f"at most {n}, and 3600 s")', True),
        ('spec.get("timeoutSeconds", 300)', True),
        ('said = {"maxConcurrency": 80}', True),
        ("STEP_BILLED_S = 0.1", True),
        ("def billed(s): return ceil(s * 10) * 0.1 * billed_steps", True),
        ("wait(max(10.0, 3.5 * pending_s))", True),
        ('say("concurrency 80 is the default")', True),
        ('say("rounded up to 100 ms")', True),
        ('say("one lasts 60 minutes at most")', True),
        ("TASK_S = 600", True),
        ("startup = 240", True),
        ("timeout_s: int = 300", True),
        ('os.environ["CLOUD_RUN_TASK_INDEX"]', True),
        ('labels["cloud.google.com/gke-nodepool"]', True),
        ('annotations.get("autoscaling.knative.dev/maxScale")', True),
        ('"topology.kubernetes.io/zone" in labels', True),
        ('{"progressDeadlineSeconds": 600}', False),
        ("WEB = frozenset({80, 8080})", False),
        ("port = 80", False),
        ("HOUR_S = 3600", False),
        ("LIMIT_S = 3600", True),
        ("MOST_S = 300", True),
        ("LONGEST = 3600", True),
        ("REQUEST_S = 300", True),
        ("websocket_s: float = 3600.0", True),
        ("if response_s > 3600: ...", True),
        ("per_hour = requests_per_s * 3600", False),
        ("STEP_S = 300", False),
        ("LONGEST_SHOWN = 300", False),
        ("hours = max(1, 3600 // period_s)", False),
        ('"""Cloud Run gives 240 s."""', False),
        ('DOCS = "https://docs.cloud.google.com/run/docs"', False),
        ("close(names, cutoff=0.6)", False),
    ],
)  # fmt: skip
def test_the_lint_knows_a_fact_from_a_number(text: str, is_one: bool) -> None:
    assert bool(again(text)) == is_one
