# shop/Deployment/frontend on Cloud Run: the same as service.yaml. Written by k2cr.
# prepare.sh, network.sh and what they make stay outside.
# Once it is applied, settings change here and not by deploy.sh; not so the image that cloudbuild.yaml releases and the traffic.

terraform {
  required_version = ">= 1.7"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.30.0, < 8.0.0"
    }
  }
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
  # users come in through an Application Load Balancer, and in no other way
  ingress = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"

  template {
    labels = {
      app           = "frontend"
      k8s-namespace = "shop"
      k8s-workload  = "frontend"
    }
    # made by prepare.sh for it alone: the pod has no Google service account, and the default one may do too much
    service_account = "frontend@${var.project}.iam.gserviceaccount.com"
    # Cloud Run's default, written out
    timeout = "300s"
    # requests that an instance takes at once: Cloud Run's default, written out
    max_instance_request_concurrency = 80
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"

    scaling {
      # on GKE: 2 replicas; an upper bound with room above them, not a target
      max_instance_count = 10
    }

    vpc_access {
      # it calls backend.shop in the cluster; [project] network asks for it
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
        # on GKE: requests 500m and 256Mi
        limits = {
          cpu    = "1"
          memory = "512Mi"
        }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      startup_probe {
        initial_delay_seconds = 0
        # asks what readinessProbe asks, every second, and waits a second for an answer, so that a start is seen when it happens; it allows what the livenessProbe lets a start take on Kubernetes: delay + period x failures
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 100

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

      readiness_probe {
        period_seconds    = 30
        timeout_seconds   = 1
        failure_threshold = 3
        success_threshold = 1

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
        name = "BACKEND_ADDR"
        # backend.shop.svc.cluster.local leads to the cluster's internal load balancer; Cloud Run has no cluster search path for short names
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
        # on GKE: requests 500m and 256Mi
        limits = {
          cpu    = "1"
          memory = "512Mi"
        }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      startup_probe {
        initial_delay_seconds = 0
        # asks what readinessProbe asks, every second, and waits a second for an answer, so that a start is seen when it happens; it allows what the livenessProbe lets a start take on Kubernetes: delay + period x failures
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 100

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

      readiness_probe {
        period_seconds    = 30
        timeout_seconds   = 1
        failure_threshold = 3
        success_threshold = 1

        http_get {
          path = "/healthcheck"
          port = 9000
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [client, client_version, template[0].containers[1].image, traffic]
  }
}
