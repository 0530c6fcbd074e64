-- bill_currencies: each currency of the bill, its last row, and the rate to US$ that this row has.
-- reads   billing
-- grain   currency: unique
-- gives   last_us BIGINT (microseconds since 1970, UTC), per_usd DOUBLE (null where the row has no rate)
WITH ranked AS (
  SELECT
    currency, EPOCH_US(usage_end_time) AS last_us, currency_conversion_rate AS per_usd,
    ROW_NUMBER() OVER (
      PARTITION BY currency ORDER BY usage_end_time DESC, currency_conversion_rate DESC NULLS LAST
    ) AS place
  FROM billing
)
SELECT currency, last_us, per_usd
FROM ranked
WHERE place = 1
ORDER BY 1
