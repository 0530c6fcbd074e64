# What the scripts made comes under Terraform with the first apply; -var made_by_scripts=false: it is made.

import {
  for_each = var.made_by_scripts ? toset(["deploy.sh"]) : toset([])
  to       = google_cloud_run_v2_service.frontend
  id       = "projects/${var.project}/locations/${var.region}/services/frontend"
}
