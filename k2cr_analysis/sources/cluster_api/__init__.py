"""A cluster's objects through the Kubernetes API: what is listed, from where, and how faults are borne."""
