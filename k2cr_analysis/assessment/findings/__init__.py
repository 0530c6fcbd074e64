"""What the assessment itself finds, what holds for every workload, and what is still to be decided."""
