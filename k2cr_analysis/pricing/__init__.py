"""What it costs on GKE and on Cloud Run."""

from k2cr_analysis.pricing.cloud_run.one_shape import cost

__all__ = ["cost"]
