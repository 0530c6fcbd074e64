"""The way in and the way out: load balancer, IAP, addresses, VPC egress."""
