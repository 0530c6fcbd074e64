-- bill_commitments: fees of committed use, and the usage that it pays for: credits of a commitment, by SKU.
-- reads   billing
-- grain   service_id, sku, unit, model, credit, currency: unique
-- gives   cost DECIMAL (currency), quantity DECIMAL (unit), credits DECIMAL (currency; of this kind, negative)
-- A row of a fee is told by its SKU; its credit says how much of it was used. Cost and quantity of a row stand once
-- for each kind of its credits.
WITH amounts AS (
  SELECT
    service.id AS service_id, sku.description AS sku, usage.pricing_unit AS unit,
    consumption_model.description AS model, taken_off.type AS credit, currency,
    CAST(cost AS DECIMAL(38, 9)) AS cost,
    CAST(usage.amount_in_pricing_units AS DECIMAL(38, 9)) AS quantity,
    CAST(taken_off.amount AS DECIMAL(38, 9)) AS credits
  FROM billing
  CROSS JOIN UNNEST(credits) AS given(taken_off)
  WHERE taken_off.type IN ('COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE', 'FEE_UTILIZATION_OFFSET')
  UNION ALL
  SELECT
    service.id AS service_id, sku.description AS sku, usage.pricing_unit AS unit,
    consumption_model.description AS model, CAST(NULL AS VARCHAR) AS credit, currency,
    CAST(cost AS DECIMAL(38, 9)) AS cost,
    CAST(usage.amount_in_pricing_units AS DECIMAL(38, 9)) AS quantity,
    CAST(0 AS DECIMAL(38, 9)) AS credits
  FROM billing
  WHERE sku.description LIKE 'Commitment%'
)
SELECT
  service_id, sku, unit, model, credit, currency,
  SUM(cost) AS cost, SUM(quantity) AS quantity, SUM(credits) AS credits
FROM amounts
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1 NULLS FIRST, 2 NULLS FIRST, 3 NULLS FIRST, 4 NULLS FIRST, 5 NULLS FIRST, 6
