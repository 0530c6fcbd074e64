"""Life of a request: it arrives, is served, shares an instance, is recorded."""
