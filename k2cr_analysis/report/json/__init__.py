"""The JSON that the verbs print."""
