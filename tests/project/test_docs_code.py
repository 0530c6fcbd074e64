"""The code of the documentation: every command is one that the program takes, every TOML is TOML, the tutorial runs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
import typer

from k2cr_analysis import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^    [^\n]*\n)+", re.MULTILINE)
# What stands for the rest of a line, or for a choice: such a line shows a form, and is no command.
_FORM = re.compile(r"\.\.\.|\[|\||\$\(|^\s*#")


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, code) of each block of a page."""
    text = page.read_text(encoding="utf-8")
    found = [(language, textwrap.dedent(code)) for _, language, code in _FENCE.findall(text)]
    return found + [("", textwrap.dedent(code)) for code in _INDENTED.findall(_FENCE.sub("", text))]


def commands() -> list[tuple[str, str]]:
    """(page, line) of each call of k2cr; lines that go on behind a backslash are one."""
    found = []
    for page in PAGES:
        for language, code in blocks(page):
            for line in code.replace("\\\n", " ").splitlines() if language in ("", "sh") else ():
                call = line.strip().removeprefix("$ ")
                if call.startswith("k2cr ") and not _FORM.search(call):
                    found.append((page.name, call))
    return found


def test_there_are_commands_to_try():
    assert len(commands()) > 25


@pytest.mark.parametrize(("page", "line"), commands())
def test_the_program_takes_a_command_of_the_documentation(page, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = typer.main.get_command(cli.app)
    arguments = shlex.split(line, comments=True)[1:]
    if ">" in arguments:
        arguments = arguments[: arguments.index(">")]
    context = typer.Context(command)
    while hasattr(command, "commands") and arguments and not arguments[0].startswith("-"):
        assert arguments[0] in command.commands, f"{page}: {line}"
        command = command.commands[arguments.pop(0)]
    if {"--help", "-h", "--version"}.isdisjoint(arguments):
        command.make_context(command.name, arguments, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_toml_and_python_of_the_documentation_can_be_read(page):
    for language, code in blocks(page):
        if language == "toml":
            assert tomllib.loads(code)
        if language == "python":
            compile(code, page.name, "exec")


@pytest.mark.soak
def test_the_tutorial_runs_from_its_first_line_to_its_last(tmp_path):
    shutil.copytree(ROOT / "data" / "demo", tmp_path / "data" / "demo")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    home = tmp_path / "home"
    home.mkdir()
    for language, code in blocks(ROOT / "docs" / "tutorial.md"):
        run = [sys.executable, "-c", code] if language == "python" else ["bash", "-euc", code]
        done = subprocess.run(
            run, cwd=tmp_path, env={"PATH": path, "HOME": str(home)}, capture_output=True, text=True, timeout=900
        )
        assert done.returncode == 0 and done.stdout.strip(), f"{code}\n{done.stderr[-2000:]}"
