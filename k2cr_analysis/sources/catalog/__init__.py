"""List prices from the Cloud Billing Catalog: which SKU is which meter, and a price book made of them."""
