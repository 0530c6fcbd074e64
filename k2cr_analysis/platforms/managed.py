"""What takes the place of a server that Cloud Run does not run: which managed service, and in which sizes."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from k2cr_analysis.platforms.source import Source

_SQL_SIZES = Source("https://docs.cloud.google.com/sql/docs/postgres/instance-settings", None)
_REDIS_SIZES = Source("https://cloud.google.com/memorystore/docs/redis/pricing", None, "public copies")
_FILESTORE_SIZES = Source("https://docs.cloud.google.com/filestore/docs/service-tiers", None, "public copies")
_CHOICE = Source("https://docs.cloud.google.com/architecture", None)

CLOUD_SQL, MEMORYSTORE = "Cloud SQL", "Memorystore"
PUB_SUB, KAFKA = "Pub/Sub", "Managed Service for Apache Kafka"
FIRESTORE = "Firestore with MongoDB compatibility"
MACHINE, BATCH, FILESTORE = "a Compute Engine machine", "Batch", "Filestore, mounted by a Cloud Run service (NFS)"
WORKER_POOL = "a Cloud Run worker pool with private TCP (Direct VPC ingress)"
IAP = "Identity-Aware Proxy in place of the proxy"
BUILD = "the same image built for linux/amd64, then Cloud Run"
GONE = "goes with the cluster"

# The protocol that a server speaks -> what runs it.
OF_PROTOCOL: Annotated[dict[str, str], _CHOICE] = {
    "PostgreSQL": f"{CLOUD_SQL} for PostgreSQL",
    "MySQL": f"{CLOUD_SQL} for MySQL",
    "SQL Server": f"{CLOUD_SQL} for SQL Server",
    "Redis": f"{MEMORYSTORE} for Redis or Valkey",
    "memcached": f"{MEMORYSTORE} for Memcached",
    "Kafka": KAFKA,
    "ZooKeeper": f"{GONE}: {KAFKA} needs none",
    "AMQP": PUB_SUB,
    "NATS": PUB_SUB,
    "MQTT": PUB_SUB,
    "MongoDB": FIRESTORE,
}

# Cloud SQL, Enterprise edition, dedicated cores: vCPU is 1 or even; GiB of memory for each; the least in all.
SQL_GIB_PER_VCPU: Annotated[tuple[Decimal, Decimal], _SQL_SIZES] = (Decimal("0.9"), Decimal("6.5"))
SQL_LEAST_GIB: Annotated[Decimal, _SQL_SIZES] = Decimal("3.75")
SQL_LEAST_DISK_GIB: Annotated[Decimal, _SQL_SIZES] = Decimal(10)

# Memorystore for Redis: the greatest whole GiB of the capacity tiers M1 to M5; each has its price for a GiB.
REDIS_CAPACITY_TIERS: Annotated[tuple[int | None, ...], _REDIS_SIZES] = (4, 10, 35, 100, None)
# Filestore, Basic HDD: the least that an instance is provisioned with, whatever is stored.
FILESTORE_LEAST_GIB: Annotated[Decimal, _FILESTORE_SIZES] = Decimal(1024)
