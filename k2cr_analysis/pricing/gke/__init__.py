"""What the cluster costs today, and whose it is."""
