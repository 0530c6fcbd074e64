"""What is done around a deployment: prepare, cut over, roll back, clean up."""
