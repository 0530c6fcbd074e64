"""Usage and traffic from Cloud Monitoring: which queries, in which order and at what price, decoded page by page."""
