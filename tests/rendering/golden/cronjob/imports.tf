# What the scripts made comes under Terraform with the first apply; -var made_by_scripts=false: it is made.

import {
  for_each = var.made_by_scripts ? toset(["deploy.sh"]) : toset([])
  to       = google_cloud_run_v2_job.report
  id       = "projects/${var.project}/locations/${var.region}/jobs/report"
}

import {
  for_each = var.made_by_scripts ? toset(["scheduler.sh"]) : toset([])
  to       = google_cloud_scheduler_job.report
  id       = "projects/${var.project}/locations/${var.region}/jobs/report"
}
