"""Services, and the routes and checks on the way to a workload."""
