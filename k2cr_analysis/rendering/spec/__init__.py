"""The neutral value that every form is printed from, and what became of each source field."""
