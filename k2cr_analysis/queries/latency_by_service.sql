-- latency_by_service: the merged latency histogram of successful requests (2xx and 3xx), one row a bucket.
-- reads   traffic
-- grain   namespace_name, service_name, workload_type, workload_name, metric_type, bounds_ms, bucket: unique
-- gives   bounds_ms DOUBLE[], bucket BIGINT (from 1; 1 is the underflow), requests BIGINT
-- Only histograms of equal bounds are added up: a bucket of another layout is another row. Trailing zero counts may be cut.
WITH measured AS NOT MATERIALIZED (
  SELECT
    namespace_name, service_name, workload_type, workload_name, metric_type,
    latency_bucket_bounds_ms AS bounds_ms, latency_bucket_counts AS counts
  FROM traffic
  WHERE response_code_class IN ('2xx', '3xx')
    AND latency_bucket_bounds_ms IS NOT NULL AND latency_bucket_counts IS NOT NULL
),
layouts AS (  -- a number for each, since grouping by a whole list of bounds is slow
  SELECT bounds_ms, ROW_NUMBER() OVER (ORDER BY bounds_ms) AS layout
  FROM (SELECT DISTINCT bounds_ms FROM measured)
),
buckets AS (
  SELECT
    namespace_name, service_name, workload_type, workload_name, metric_type, layout,
    UNNEST(counts) AS requests,
    GENERATE_SUBSCRIPTS(counts, 1) AS bucket
  FROM measured
  JOIN layouts ON layouts.bounds_ms = measured.bounds_ms
),
summed AS (
  SELECT
    namespace_name, service_name, workload_type, workload_name, metric_type, layout, bucket,
    CAST(SUM(requests) AS BIGINT) AS requests
  FROM buckets
  GROUP BY 1, 2, 3, 4, 5, 6, 7
)
SELECT
  namespace_name, service_name, workload_type, workload_name, metric_type, bounds_ms, bucket, requests
FROM summed
JOIN layouts ON layouts.layout = summed.layout
ORDER BY 1, 2 NULLS FIRST, 3 NULLS FIRST, 4 NULLS FIRST, 5, summed.layout, 7
