output "name" {
  value = google_cloud_run_v2_service.frontend.name
}

output "uri" {
  value = google_cloud_run_v2_service.frontend.uri
}

output "latest_ready_revision" {
  value = google_cloud_run_v2_service.frontend.latest_ready_revision
}
