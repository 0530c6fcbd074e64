"""What Cloud Run and its part of gcloud are: limits, defaults, names, flags."""
