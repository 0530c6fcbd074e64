"""Who may come in: the invoker check, the ingress setting, IAP."""
