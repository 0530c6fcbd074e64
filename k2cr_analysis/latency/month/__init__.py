"""A month of a service on Cloud Run, from what was counted: every request, or levels of the rate."""
