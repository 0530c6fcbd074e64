"""The terminal as SREs know it: formats, filters, an order, a total, colours where there is a terminal, short names."""

from __future__ import annotations

import csv
import json
import shlex

import pytest
import typer
import yaml
from typer.testing import CliRunner

from k2cr_analysis import cli
from k2cr_analysis.cli.assess import split_arguments
from k2cr_analysis.cli.terminal import output
from k2cr_analysis.cli.terminal.completion import rule_names, workload_names
from k2cr_analysis.cli.terminal.examples import EXAMPLES
from k2cr_analysis.cli.terminal.output import as_rows, as_table
from k2cr_analysis.cli.terminal.verbosity import folded
from k2cr_analysis.resources import bundled

DEMO = str(bundled("data", "demo"))
COMMAND = typer.main.get_command(cli.app)


def run(*arguments):
    return CliRunner().invoke(cli.app, arguments, catch_exceptions=False)


def deployment(namespace, name):
    container = {"name": "app", "image": "example/app:1", "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": name},
        "spec": spec,
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A snapshot of a few workloads from manifests alone."""
    folder = tmp_path_factory.mktemp("small")
    docs = [deployment(f"ns-{at % 2}", name) for at, name in enumerate(["alpha", "beta", "gamma"])]
    (folder / "all.yaml").write_text(yaml.safe_dump_all(docs))
    assert (
        run(
            "collect", "--manifests", str(folder / "all.yaml"), "--location", "us-central1", "--out", str(folder / "s")
        ).exit_code
        == 0
    )
    return str(folder / "s")


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_answers_to_both_spellings_of_help_and_shows_examples(verb):
    short, long = run(verb, "-h"), run(verb, "--help")
    assert short.exit_code == 0 and short.output == long.output
    for line in EXAMPLES[verb]:
        assert line in short.output


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_an_example_is_taken_by_the_parser(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command, arguments = COMMAND, shlex.split(line)[1:]
    context = typer.Context(command)
    while hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    command.make_context(command.name, arguments, parent=context)


def test_the_formats_hold_the_same_workloads(small):
    ids = {w["id"] for w in json.loads(run("assess", small, "-o", "json").stdout)["workloads"]}
    assert len(ids) == 3
    assert {w["id"] for w in yaml.safe_load(run("assess", small, "-o", "yaml").stdout)["workloads"]} == ids
    assert set(run("assess", small, "-o", "name").stdout.split()) == ids
    assert {row["workload"] for row in csv.DictReader(run("assess", small, "-o", "csv").stdout.splitlines())} == ids
    assert all(f"| {one} |" in run("assess", small, "-o", "markdown").stdout for one in ids)
    assert all(one in run("assess", small, "-o", "wide").stdout for one in ids)


def test_what_is_asked_for_is_what_is_listed(small):
    def names(*options):
        return run("assess", small, "-o", "name", *options).stdout.split()

    assert names("-n", "ns-1") == ["ns-1/Deployment/beta"]
    assert names("--filter", "GAMMA") == ["ns-0/Deployment/gamma"]
    assert names("--verdict", "keep") == []
    assert names("--sort-by", "saving") and set(names("--sort-by", "saving")) == set(names())
    assert names("beta") == ["ns-1/Deployment/beta"]


def test_a_table_ends_with_its_total_and_says_what_comes_next(small):
    done = run("assess", small)
    assert "total of 3" in done.stdout
    assert f"next: k2cr assess {small}" in done.stderr


def test_a_short_name_that_nothing_has_is_answered_with_the_nearest(small):
    with pytest.raises(Exception, match="ns-0/Deployment/alpha"):
        run("assess", small, "alpa")


def test_a_table_is_cut_to_the_terminal_and_no_number_is(monkeypatch):
    text = as_table(("workload", "month", "why"), [("a" * 60, "123.45", "b" * 60)], right=(1,), width=80)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "123.45" in text and "\u2026" in text


@pytest.mark.parametrize(
    ("terminal", "no_color", "coloured"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_verdicts_are_coloured_on_a_terminal_that_wants_it(monkeypatch, terminal, no_color, coloured):
    monkeypatch.setattr(output.sys.stdout, "isatty", lambda: terminal, raising=False)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    assert ("\x1b[" in as_table(("workload", "verdict"), [("a", "ready")])) is coloured


def test_a_markdown_cell_keeps_to_its_cell():
    assert as_rows(("a",), [("x|y\nz",)], output.Format.MARKDOWN).splitlines()[-1] == "| x\\|y z |"


def test_what_is_said_of_several_is_one_line():
    notes = [f"assumed: start of container {n}: 2 s, unknown" for n in "abcde"] + ["assumed: one thing", "other: b"]
    assert folded(notes) == [
        "assumed: start of container a, b, c and 2 more: 2 s, unknown",
        "assumed: one thing",
        "other: b",
    ]


def test_ids_are_completed_from_the_snapshot_on_the_line(small):
    context = typer.Context(COMMAND)
    context.params = {"snapshots": [small]}
    assert workload_names(context, "bet") == ["ns-1/Deployment/beta", "beta"]
    assert workload_names(context, "ns-1/b") == ["ns-1/beta"]
    context.params = {}
    assert workload_names(context, "bet") == []


def test_every_verb_that_takes_a_workload_completes_its_ids(small):
    """What a shell asks: of each argument and option that is shown as WORKLOAD, behind the snapshot."""
    asked = {}
    for name, verb in COMMAND.commands.items():
        context = typer.Context(verb)
        context.params = {"snapshots": [small], "snapshot": small}
        for one in verb.params:
            if "WORKLOAD" in str(one.metavar):
                asked[name, one.name] = [item.value for item in one.shell_complete(context, "bet")]
    assert {"assess", "decide", "plan", "render", "report", "verify"} <= {name for name, _ in asked}
    assert {key for key, found in asked.items() if found != ["beta"]} == set()


def test_rules_are_completed():
    assert rule_names("raw-tcp") == ["raw-tcp-server"]
    assert rule_names("nothing-such") == []


def test_a_path_is_no_workload(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web").mkdir()
    for last in ("web", "/data/other", "gs://bucket/snapshot", "./later"):
        assert split_arguments(["one", last])[1] is None
    assert split_arguments(["one", "frontend"])[1] == "frontend"
