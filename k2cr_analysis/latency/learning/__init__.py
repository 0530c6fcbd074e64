"""What a service that has moved teaches about the next ones."""
