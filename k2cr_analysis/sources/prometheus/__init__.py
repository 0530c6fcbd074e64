"""Usage and traffic from any server that speaks Prometheus' HTTP API: self-hosted, Managed Service for Prometheus,
Mimir, Thanos, VictoriaMetrics."""
