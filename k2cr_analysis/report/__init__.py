"""Findings as people and scripts read them: documents, tables, figures, pages."""
