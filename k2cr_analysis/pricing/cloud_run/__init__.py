"""What Cloud Run charges, before and after the account's free tier."""
