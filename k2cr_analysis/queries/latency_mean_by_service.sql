-- latency_mean_by_service: sum of the latencies of successful requests (2xx and 3xx), from the means of the distributions.
-- reads   traffic
-- grain   namespace_name, service_name, workload_type, workload_name, metric_type: unique
-- gives   latency_sum_ms DECIMAL, requests BIGINT
-- A distribution's mean counts with its own number of requests. DECIMAL, so that the number of threads cannot change the sum.
WITH measured AS NOT MATERIALIZED (
  SELECT
    namespace_name, service_name, workload_type, workload_name, metric_type, latency_mean_ms,
    COALESCE((SELECT CAST(SUM(counted) AS BIGINT) FROM UNNEST(latency_bucket_counts) AS counts(counted)), request_count)
      AS requests
  FROM traffic
  WHERE response_code_class IN ('2xx', '3xx') AND latency_mean_ms IS NOT NULL
)
SELECT
  namespace_name, service_name, workload_type, workload_name, metric_type,
  SUM(CAST(latency_mean_ms AS DECIMAL(18, 9)) * requests) AS latency_sum_ms,
  CAST(SUM(requests) AS BIGINT) AS requests
FROM measured
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2 NULLS FIRST, 3 NULLS FIRST, 4 NULLS FIRST, 5
