"""Ids of services and meters in the Cloud Billing Catalog."""
