-- latency_by_day: sum of the latencies of successful requests (2xx and 3xx) on each day (UTC), from the distributions' means.
-- reads   traffic
-- grain   namespace_name, service_name, workload_type, workload_name, metric_type, day: unique
-- gives   day BIGINT (days since 1970-01-01), latency_sum_ms DECIMAL, requests BIGINT
-- A period belongs to the day on which it began. DECIMAL, so that the number of threads cannot change the sum.
WITH measured AS NOT MATERIALIZED (
  SELECT
    namespace_name, service_name, workload_type, workload_name, metric_type, latency_mean_ms,
    (EPOCH_US(end_time) - 1000000 * CAST(period_s AS BIGINT)) // 86400000000 AS day,
    COALESCE((SELECT CAST(SUM(counted) AS BIGINT) FROM UNNEST(latency_bucket_counts) AS counts(counted)), request_count)
      AS requests
  FROM traffic
  WHERE response_code_class IN ('2xx', '3xx') AND latency_mean_ms IS NOT NULL
)
SELECT
  namespace_name, service_name, workload_type, workload_name, metric_type, day,
  SUM(CAST(latency_mean_ms AS DECIMAL(18, 9)) * requests) AS latency_sum_ms,
  CAST(SUM(requests) AS BIGINT) AS requests
FROM measured
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2 NULLS FIRST, 3 NULLS FIRST, 4 NULLS FIRST, 5, 6
