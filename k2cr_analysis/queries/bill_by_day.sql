-- bill_by_day: what was paid on each day (UTC), by GKE's namespace and by service.
-- reads   billing
-- grain   day, cluster, namespace, service, currency: unique
-- gives   day BIGINT (days since 1970-01-01), paid DECIMAL (currency): cost and credits, which are negative
-- A row belongs to the day on which its usage began. Taxes, adjustments and rounding are of no day, and left out.
WITH amounts AS (
  SELECT
    EPOCH_US(usage_start_time) // 86400000000 AS day,
    (SELECT MAX(pair.value) FROM UNNEST(labels) AS pairs(pair) WHERE pair.key = 'goog-k8s-cluster-name') AS cluster,
    (SELECT MAX(pair.value) FROM UNNEST(labels) AS pairs(pair) WHERE pair.key = 'k8s-namespace') AS namespace,
    service.description AS service, currency,
    CAST(cost AS DECIMAL(38, 9)) + COALESCE(
      (SELECT SUM(CAST(taken_off.amount AS DECIMAL(38, 9))) FROM UNNEST(credits) AS given(taken_off)), 0
    ) AS paid
  FROM billing
  WHERE cost_type = 'regular'
)
SELECT day, cluster, namespace, service, currency, SUM(paid) AS paid
FROM amounts
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2 NULLS FIRST, 3 NULLS FIRST, 4 NULLS FIRST, 5
