-- latency_by_service: the merged latency histogram of successful requests (2xx and 3xx), one row a bucket.
-- reads   traffic
-- grain   namespace_name, service_name, workload_type, workload_name, metric_type, bounds_ms, bucket: unique
-- gives   bounds_ms DOUBLE[], bucket BIGINT (from 1; 1 is the underflow), requests BIGINT
-- Only histograms of equal bounds are added up: a bucket of another layout is another row. Trailing zero counts may be cut.
WITH measured AS NOT MATERIALIZED (
  SELECT
    namespace_name, service_name, workload_type, workload_name, metric_type,
    HASH(latency_bucket_bounds_ms) AS layout,  -- grouping by a whole list of bounds is slow, or not to be had
    latency_bucket_bounds_ms AS bounds_ms, latency_bucket_counts AS counts
  FROM traffic
  WHERE response_code_class IN ('2xx', '3xx')
    AND ARRAY_LENGTH(latency_bucket_bounds_ms) > 0 AND ARRAY_LENGTH(latency_bucket_counts) > 0
),
layouts AS (
  SELECT layout, ANY_VALUE(bounds_ms) AS bounds_ms
  FROM measured
  GROUP BY 1
),
summed AS (
  SELECT
    namespace_name, service_name, workload_type, workload_name, metric_type, layout, bucket,
    CAST(SUM(counts[bucket]) AS BIGINT) AS requests
  FROM measured
  CROSS JOIN UNNEST(GENERATE_SERIES(1, ARRAY_LENGTH(counts))) AS buckets(bucket)
  GROUP BY 1, 2, 3, 4, 5, 6, 7
)
SELECT
  namespace_name, service_name, workload_type, workload_name, metric_type, bounds_ms, bucket, requests
FROM summed
JOIN layouts ON layouts.layout = summed.layout
ORDER BY 1, 2 NULLS FIRST, 3 NULLS FIRST, 4 NULLS FIRST, 5, summed.layout, 7
