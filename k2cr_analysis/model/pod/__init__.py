"""What a pod asks for and is given: nodes, devices, scratch space, variables, secrets."""
