"""k2cr: which GKE workloads can move to Cloud Run, what that saves, and the files to do it."""
