"""The bill, from Cloud Billing's export in BigQuery: measured and capped before it is read."""
