-- traffic_by_service: requests to each target in each period, as each source counted them.
-- reads   traffic
-- grain   namespace_name, service_name, workload_type, workload_name, metric_type, period_s, end_us: unique
-- gives   end_us BIGINT (microseconds since 1970, UTC), requests, errors, response_bytes BIGINT
-- errors are the 5xx. response_bytes is null where no row of the period has it. All sums are of integers.
SELECT
  namespace_name, service_name, workload_type, workload_name, metric_type, period_s,
  EPOCH_US(end_time) AS end_us,
  CAST(SUM(request_count) AS BIGINT) AS requests,
  CAST(SUM(CASE WHEN response_code_class = '5xx' THEN request_count ELSE 0 END) AS BIGINT) AS errors,
  CAST(SUM(response_bytes) AS BIGINT) AS response_bytes
FROM traffic
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY 1, 2 NULLS FIRST, 3 NULLS FIRST, 4 NULLS FIRST, 5, 7, 6
