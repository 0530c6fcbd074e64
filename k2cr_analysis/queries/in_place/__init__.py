"""Tables of others that stand in BigQuery already, read as if they were the snapshot's: nothing is copied or loaded."""
