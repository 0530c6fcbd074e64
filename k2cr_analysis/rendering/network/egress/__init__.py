"""The way out: Direct VPC egress, and how what stays on GKE is reached."""
