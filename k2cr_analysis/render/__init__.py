"""Files to review and run: the service in three forms, what it needs around it, what became of every source field."""

from k2cr_analysis.render.context import RenderContext, context_of
from k2cr_analysis.render.folder import render_workload, write_folders
from k2cr_analysis.render.make import render
from k2cr_analysis.render.select import can_render, select, waiting

__all__ = [
    "RenderContext",
    "can_render",
    "context_of",
    "render",
    "render_workload",
    "select",
    "waiting",
    "write_folders",
]
