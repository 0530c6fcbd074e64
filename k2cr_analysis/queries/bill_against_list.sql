-- bill_against_list: what usage without commitment cost the account beside the list price, by service.
-- reads   billing
-- grain   service_id, currency: unique
-- gives   at_list, at_account_price DECIMAL (currency): sums over the rows that have both
WITH priced AS (
  SELECT
    service.id AS service_id, currency,
    CAST(cost_at_list AS DECIMAL(38, 9)) AS at_list,
    CAST(COALESCE(cost_at_effective_price_default, cost) AS DECIMAL(38, 9)) AS at_account_price
  FROM billing
  WHERE
    (cost_type = 'regular' OR cost_type IS NULL)
    AND cost_at_list > 0
    AND (cost_at_effective_price_default IS NOT NULL OR COALESCE(consumption_model.description, 'Default') = 'Default')
)
SELECT service_id, currency, SUM(at_list) AS at_list, SUM(at_account_price) AS at_account_price
FROM priced
GROUP BY 1, 2
ORDER BY 1 NULLS FIRST, 2
