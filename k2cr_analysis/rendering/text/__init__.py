"""How names, scripts and the mapping are worded."""
