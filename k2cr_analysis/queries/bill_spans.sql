-- bill_spans: the times that rows of ordinary usage stand for: an hour each, as a rule.
-- reads   billing
-- grain   service_id, start_us, end_us: unique
-- gives   start_us, end_us BIGINT (microseconds since 1970, UTC), billed_rows BIGINT
SELECT
  service.id AS service_id, EPOCH_US(usage_start_time) AS start_us, EPOCH_US(usage_end_time) AS end_us,
  COUNT(*) AS billed_rows
FROM billing
WHERE cost_type = 'regular' OR cost_type IS NULL
GROUP BY 1, 2, 3
ORDER BY 2, 3, 1 NULLS FIRST
