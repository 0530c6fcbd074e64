"""Volumes of Cloud Run: scratch space in memory and on disk, buckets, file shares."""

from __future__ import annotations

from typing import Annotated

from k2cr_analysis.platforms.source import Source

_DISK = Source("https://docs.cloud.google.com/run/docs/configuring/services/ephemeral-disk", "2026-11-30")
_V1 = Source("https://run.googleapis.com/$discovery/rest?version=v1", "2026-11-30", "revision 20261031")
_SQL = Source("https://docs.cloud.google.com/sql/docs/postgres/connect-run", "2026-11-30", "Unix sockets")
_BUCKETS = Source(
    "https://docs.cloud.google.com/run/docs/configuring/services/cloud-storage-volume-mounts", "2025-09-23"
)

# `emptyDir.medium` in run.v1; run.v2 and Terraform write DISK and MEMORY.
MEDIUM_DISK: Annotated[str, _V1] = "Disk"
MEDIUM_MEMORY: Annotated[str, _V1] = "Memory"
MIN_DISK_BYTES: Annotated[int, _DISK] = 10 * 2**30
# By default; more on request.
DISK_QUOTA_INSTANCE_BYTES: Annotated[int, _DISK] = 10 * 10**9
DISK_QUOTA_REGION_BYTES: Annotated[int, _DISK] = 100 * 10**9
MAX_DISKS: Annotated[int, _DISK] = 10
# Where Cloud Run makes the sockets of the instances that run.googleapis.com/cloudsql-instances names.
CLOUD_SQL_FOLDER: Annotated[str, _SQL] = "/cloudsql"
BUCKET_DRIVER: Annotated[str, _BUCKETS] = "gcsfuse.run.googleapis.com"
