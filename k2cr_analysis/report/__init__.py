"""Findings as people and scripts read them: documents, tables, figures, pages."""

from k2cr_analysis.report.forms import register

register()
