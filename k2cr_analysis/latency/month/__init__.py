"""A month of a service on Cloud Run, from what was counted in the window: every request of it, or levels of its rate."""
