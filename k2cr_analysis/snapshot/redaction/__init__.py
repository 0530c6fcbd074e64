"""Takes secrets out of what is stored."""
