"""``k2cr explain RULE``: a rule's documentation page; without a rule, the list of all."""

from __future__ import annotations

from typing import Annotated

import typer

from k2cr_analysis.cli.terminal.completion import rule_names
from k2cr_analysis.cli.terminal.verbosity import QuietOption, VerboseOption


def register(app: typer.Typer) -> None:
    @app.command()
    def explain(
        rule: Annotated[
            str | None,
            typer.Argument(
                help="The id of a rule; without it, all rules are listed.",
                autocompletion=rule_names,
            ),
        ] = None,
        quiet: QuietOption = False,
        verbose: VerboseOption = False,
    ) -> None:
        """Print what a rule finds, why it matters and what to do."""
        from k2cr_analysis.assessment.findings.rule_pages import find_page, page_text, rule_pages

        if rule is not None:
            typer.echo(page_text(find_page(rule)), nl=False)
            return
        pages = rule_pages()
        width = max(len(name) for name in pages)
        for one in pages.values():
            typer.echo(f"{one.id:<{width}}  {one.severity:<7}  {one.text.what}")
