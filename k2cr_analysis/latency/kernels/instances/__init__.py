"""Life of an instance: started by the autoscaler, chosen by the router, aged, ended."""
