"""What takes the place of a server that Cloud Run does not run: which managed service, and in which sizes."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from k2cr_analysis.platforms.source import Source

# The stored copies of sql/docs/postgres/instance-settings are cut before its machine types.
_SQL_SIZES = Source(
    "https://zenn.dev/monicle/articles/e03a329c021873", "2026-12-01", "what Cloud SQL answered to Terraform"
)
_SQL_DISK = Source(
    "https://docs.cloud.google.com/sql/docs/postgres/instance-settings",
    None,
    unconfirmed="not confirmed: cut there too; a smaller disk than this would be priced lower than it can be had",
)
_REDIS_SIZES = Source(
    "https://cloud.google.com/memorystore/docs/redis/pricing",
    None,
    unconfirmed="not confirmed: public copies without a day; each tier has its SKU, so that a wrong one finds no price",
)
_FILESTORE_SIZES = Source(
    "https://docs.cloud.google.com/filestore/docs/service-tiers",
    None,
    unconfirmed="not confirmed: public copies without a day; less than this would be priced lower than it can be had",
)
_CHOICE = Source(
    "https://docs.cloud.google.com/architecture",
    None,
    unconfirmed="not confirmed: no page states it; a judgement of which managed service speaks the server's protocol",
)

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
SQL_LEAST_DISK_GIB: Annotated[Decimal, _SQL_DISK] = Decimal(10)

# Memorystore for Redis: the greatest whole GiB of the capacity tiers M1 to M5; each has its price for a GiB.
REDIS_CAPACITY_TIERS: Annotated[tuple[int | None, ...], _REDIS_SIZES] = (4, 10, 35, 100, None)
# Filestore, Basic HDD: the least that an instance is provisioned with, whatever is stored.
FILESTORE_LEAST_GIB: Annotated[Decimal, _FILESTORE_SIZES] = Decimal(1024)
