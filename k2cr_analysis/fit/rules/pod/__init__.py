"""What a pod and its containers ask for."""
