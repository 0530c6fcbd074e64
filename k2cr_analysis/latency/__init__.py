"""How fast a workload would be on Cloud Run: closed forms, start-up time, network hops, simulation."""
