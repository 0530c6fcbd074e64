"""Which configuration, what it would do, and how sure its saving is."""
