"""The account of fields: carried, read by a rule, or without effect."""
