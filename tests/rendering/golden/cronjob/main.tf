# shop/CronJob/report on Cloud Run: the same as job.yaml. Written by k2cr.
# prepare.sh, network.sh and what they make stay outside.
# Once it is applied, settings change here and not by deploy.sh; not so the image that cloudbuild.yaml releases.

terraform {
  required_version = ">= 1.7"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.30.0, < 8.0.0"
    }
  }
}

resource "google_cloud_run_v2_job" "report" {
  name     = "report"
  project  = var.project
  location = var.region
  labels = {
    k8s-namespace = "shop"
    k8s-workload  = "report"
  }

  template {
    labels = {
      k8s-namespace = "shop"
      k8s-workload  = "report"
    }
    task_count  = 3
    parallelism = 2

    template {
      # made by prepare.sh for it alone: the pod has no Google service account, and the default one may do too much
      service_account = "report@${var.project}.iam.gserviceaccount.com"
      # backoffLimit 1
      max_retries = 1
      # activeDeadlineSeconds
      timeout               = "900s"
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"

      vpc_access {
        # [project] network asks for it
        egress = "PRIVATE_RANGES_ONLY"

        network_interfaces {
          network    = "prod"
          subnetwork = "run-tokyo"
          tags       = ["report"]
        }
      }

      containers {
        name  = "report"
        image = "us-docker.pkg.dev/shop/apps/report:1"
        args  = ["--daily"]

        env {
          name  = "TZ"
          value = "Asia/Tokyo"
        }

        resources {
          # on GKE: requests 500m and 256Mi
          limits = {
            cpu    = "1"
            memory = "512Mi"
          }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [client, client_version, template[0].template[0].containers[0].image]
  }
}

resource "google_cloud_scheduler_job" "report" {
  name      = "report"
  project   = var.project
  region    = var.region
  schedule  = "*/5 * * * *"
  time_zone = "Asia/Tokyo"

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project}/locations/${var.region}/jobs/report:run"

    oauth_token {
      service_account_email = "report-cron@${var.project}.iam.gserviceaccount.com"
    }
  }
}
