"""Other programs' exports as our tables: FOCUS bills by their own names, usage by a map that the user writes."""
