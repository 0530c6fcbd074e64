"""What runs on Cloud Run already: its services by the Run API, and what Cloud Monitoring measured of them."""
