"""What GKE and Kubernetes are: label keys, system namespaces, compute classes."""
