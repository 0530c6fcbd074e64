"""What a pod becomes: its containers, variables, images, probes and volumes."""
