"""What every verb shares at the terminal: results, progress, how much is said."""
