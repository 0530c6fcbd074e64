"""``k2cr explain RULE``: a rule's documentation page; without a rule, the list of all."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    @app.command()
    def explain(
        rule: Annotated[str | None, typer.Argument(help="The id of a rule; without it, all rules are listed.")] = None,
    ) -> None:
        """Print what a rule finds, why it matters and what to do."""
        from k2cr_analysis.fit.registry import all_rules, find_rule
        from k2cr_analysis.fit.rule_page import page

        if rule is not None:
            typer.echo(page(find_rule(rule)), nl=False)
            return
        rules = all_rules()
        width = max(len(name) for name in rules)
        for one in rules.values():
            typer.echo(f"{one.id:<{width}}  {one.severity:<7}  {one.text.what}")
