"""A person's word on a rule: silenced or re-graded in ``k2cr.toml``, and the finding says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from k2cr_analysis.config.settings import Config
from k2cr_analysis.model.finding import Finding


def graded(findings: Iterable[Finding], config: Config) -> Iterator[Finding]:
    """The findings with the severities that ``[rules.<id>]`` gives them. "off" leaves a note, so that it is seen."""
    for finding in findings:
        override = config.rules.get(finding.rule)
        if override is None:
            yield finding
            continue
        off = override.severity == "off"
        how = "silenced in" if off else f"{override.severity} by"
        yield replace(
            finding,
            severity="note" if override.severity == "off" else override.severity,
            message=f"{finding.message} [{how} k2cr.toml, was {finding.severity}: {override.reason}]",
        )
