"""The declared columns of every public DataFrame, and how a frame looks on a page."""
