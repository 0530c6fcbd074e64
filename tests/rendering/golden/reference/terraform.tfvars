# Where it goes, as the snapshot or k2cr.toml says.
project = "shop-prod"
region  = "asia-northeast1"
