"""Hours of work: what the plan's set takes, what it spares each month."""
