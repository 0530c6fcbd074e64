"""Files to review and run: the service in three forms, what it needs around it, what became of every source field."""

from k2cr_analysis.rendering.context import RenderContext, context_of
from k2cr_analysis.rendering.folder import render_workload, write_folders
from k2cr_analysis.rendering.select import can_render, select, waiting
from k2cr_analysis.rendering.workloads import render, render_what_is_taken

__all__ = [
    "RenderContext",
    "can_render",
    "context_of",
    "render",
    "render_what_is_taken",
    "render_workload",
    "select",
    "waiting",
    "write_folders",
]
