"""The same service as YAML, as gcloud flags, as Terraform, and as a build on merge."""
