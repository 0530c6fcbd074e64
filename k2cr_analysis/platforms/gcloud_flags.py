"""Which gcloud version brought which flag of `gcloud run`."""
