# shop/Deployment/frontend on Cloud Run: the same as service.yaml. Written by k2cr.

terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}

variable "project" {
  type    = string
  default = "shop-prod"
}

variable "region" {
  type    = string
  default = "asia-northeast1"
}

resource "google_cloud_run_v2_service" "frontend" {
  name     = "frontend"
  project  = var.project
  location = var.region
  labels = {
    app           = "frontend"
    k8s-namespace = "shop"
    k8s-workload  = "frontend"
  }
  deletion_protection = false
  ingress             = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"

  template {
    labels = {
      app           = "frontend"
      k8s-namespace = "shop"
      k8s-workload  = "frontend"
    }
    service_account                  = "frontend@shop-prod.iam.gserviceaccount.com"
    timeout                          = "300s"
    max_instance_request_concurrency = 80
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"

    scaling {
      max_instance_count = 10
    }

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"

      network_interfaces {
        network    = "prod"
        subnetwork = "run-tokyo"
        tags       = ["frontend"]
      }
    }

    containers {
      name       = "proxy"
      image      = "us-docker.pkg.dev/shop/apps/proxy:1"
      depends_on = ["frontend"]

      ports {
        name           = "http1"
        container_port = 8080
      }

      env {
        name  = "UPSTREAM"
        value = "http://localhost:9000"
      }

      resources {
        limits = {
          cpu    = "1"
          memory = "512Mi"
        }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      startup_probe {
        initial_delay_seconds = 0
        period_seconds        = 1
        timeout_seconds       = 1
        failure_threshold     = 30

        http_get {
          path = "/healthcheck"
          port = 8080
        }
      }

      liveness_probe {
        initial_delay_seconds = 0
        period_seconds        = 30
        timeout_seconds       = 1
        failure_threshold     = 3

        http_get {
          path = "/healthcheck"
          port = 8080
        }
      }
    }

    containers {
      name  = "frontend"
      image = "us-docker.pkg.dev/shop/apps/frontend:1"

      env {
        name  = "BACKEND_ADDR"
        value = "backend.shop.svc.cluster.local:50051"
      }

      env {
        name = "API_KEY"

        value_source {
          secret_key_ref {
            secret  = "shop--frontend--frontend--API_KEY"
            version = "latest"
          }
        }
      }

      resources {
        limits = {
          cpu    = "1"
          memory = "512Mi"
        }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      startup_probe {
        initial_delay_seconds = 0
        period_seconds        = 1
        timeout_seconds       = 1
        failure_threshold     = 30

        http_get {
          path = "/healthcheck"
          port = 9000
        }
      }

      liveness_probe {
        initial_delay_seconds = 0
        period_seconds        = 30
        timeout_seconds       = 1
        failure_threshold     = 3

        http_get {
          path = "/healthcheck"
          port = 9000
        }
      }
    }
  }
}
