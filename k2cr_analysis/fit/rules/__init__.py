"""The rules, one file per subject. Each registers itself; a new rule is one new function or one new file."""
