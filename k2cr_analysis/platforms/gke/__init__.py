"""What GKE and Kubernetes are: clusters, labels, Autopilot."""
