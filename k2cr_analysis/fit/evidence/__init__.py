"""What a manifest shows: protocols, calls, start-up order, the ingress container."""
