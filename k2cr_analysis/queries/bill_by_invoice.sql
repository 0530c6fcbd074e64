-- bill_by_invoice: what each invoice has of each cluster, by kind of cost: to tie the figures to what was paid.
-- reads   billing
-- grain   invoice_month, cluster, location, cost_type, currency: unique
-- gives   cost, credits DECIMAL (currency; credits are negative), first_us, last_us BIGINT (microseconds since 1970)
WITH amounts AS (
  SELECT
    invoice.month AS invoice_month,
    (SELECT MAX(pair.value) FROM UNNEST(labels) AS pairs(pair) WHERE pair.key = 'goog-k8s-cluster-name') AS cluster,
    (SELECT MAX(pair.value) FROM UNNEST(labels) AS pairs(pair) WHERE pair.key = 'goog-k8s-cluster-location') AS location,
    cost_type, currency, EPOCH_US(usage_start_time) AS start_us, EPOCH_US(usage_end_time) AS end_us,
    CAST(cost AS DECIMAL(38, 9)) AS cost,
    COALESCE(
      (SELECT SUM(CAST(taken_off.amount AS DECIMAL(38, 9))) FROM UNNEST(credits) AS given(taken_off)), 0
    ) AS credits
  FROM billing
)
SELECT
  invoice_month, cluster, location, cost_type, currency,
  SUM(cost) AS cost, SUM(credits) AS credits, MIN(start_us) AS first_us, MAX(end_us) AS last_us
FROM amounts
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1 NULLS FIRST, 2 NULLS FIRST, 3 NULLS FIRST, 4 NULLS FIRST, 5
