"""Files to review and run: the service in three forms, what it needs around it, and what became of every source field."""

from k2cr_analysis.render.context import RenderContext, context_of
from k2cr_analysis.render.folder import render_workload, write_folders

__all__ = ["RenderContext", "context_of", "render_workload", "write_folders"]
