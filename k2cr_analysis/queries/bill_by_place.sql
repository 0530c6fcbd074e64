-- bill_by_place: the bill's rows added up by what decides their place: GKE's labels, service, SKU, kind of cost.
-- reads   billing
-- grain   cluster, location, namespace, name, type, cost_type, service_id, service, sku, unit, model, currency: unique
-- gives   cost, credits DECIMAL (currency; what is paid is their sum, credits being negative), quantity DECIMAL (unit)
-- Labels are a list of pairs; they are looked up once for each list, not once for each row.
WITH amounts AS NOT MATERIALIZED (
  SELECT
    HASH(labels) AS label_set, labels, cost_type, service.id AS service_id, service.description AS service,
    sku.description AS sku, usage.pricing_unit AS unit, consumption_model.description AS model, currency,
    CAST(cost AS DECIMAL(38, 9)) AS cost, CAST(0 AS DECIMAL(38, 9)) AS credit,
    CAST(usage.amount_in_pricing_units AS DECIMAL(38, 9)) AS quantity
  FROM billing
  UNION ALL
  SELECT
    HASH(labels) AS label_set, labels, cost_type, service.id AS service_id, service.description AS service,
    sku.description AS sku, usage.pricing_unit AS unit, consumption_model.description AS model, currency,
    CAST(0 AS DECIMAL(38, 9)) AS cost, CAST(taken_off.amount AS DECIMAL(38, 9)) AS credit,
    CAST(NULL AS DECIMAL(38, 9)) AS quantity
  FROM billing
  CROSS JOIN UNNEST(credits) AS given(taken_off)
),
by_label_set AS (
  SELECT
    label_set, cost_type, service_id, service, sku, unit, model, currency,
    ANY_VALUE(labels) AS labels, SUM(cost) AS cost, SUM(credit) AS credits, SUM(quantity) AS quantity
  FROM amounts
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
),
labelled AS (
  SELECT
    (SELECT MAX(pair.value) FROM UNNEST(labels) AS pairs(pair) WHERE pair.key = 'goog-k8s-cluster-name') AS cluster,
    (SELECT MAX(pair.value) FROM UNNEST(labels) AS pairs(pair) WHERE pair.key = 'goog-k8s-cluster-location') AS location,
    (SELECT MAX(pair.value) FROM UNNEST(labels) AS pairs(pair) WHERE pair.key = 'k8s-namespace') AS namespace,
    (SELECT MAX(pair.value) FROM UNNEST(labels) AS pairs(pair) WHERE pair.key = 'k8s-workload-name') AS name,
    (SELECT MAX(pair.value) FROM UNNEST(labels) AS pairs(pair) WHERE pair.key = 'k8s-workload-type') AS type,
    cost_type, service_id, service, sku, unit, model, currency, cost, credits, quantity
  FROM by_label_set
)
SELECT
  cluster, location, namespace, name, type, cost_type, service_id, service, sku, unit, model, currency,
  SUM(cost) AS cost, SUM(credits) AS credits, SUM(quantity) AS quantity
FROM labelled
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
ORDER BY
  1 NULLS FIRST, 2 NULLS FIRST, 3 NULLS FIRST, 4 NULLS FIRST, 5 NULLS FIRST, 6 NULLS FIRST, 7 NULLS FIRST,
  8 NULLS FIRST, 9 NULLS FIRST, 10 NULLS FIRST, 11 NULLS FIRST, 12 NULLS FIRST
