-- usage_by_container: what one pod needs, per container: exact quantiles over the window of CPU and of memory.
-- reads   usage, pods_at
-- grain   namespace_name, controller_type, controller_name, container_name, metric: unique
-- gives   metric VARCHAR ('cpu' in cores, 'memory' in bytes), form VARCHAR, points BIGINT, q50, q95, q99, q100 DOUBLE
-- One value for each period, of the pod that used most: from REDUCE_MAX; else the largest of the single pods' points;
-- else REDUCE_MEAN (which hides a hot pod); else REDUCE_SUM shared out evenly over the pods of the period.
-- Memory is the non-evictable part where the series tells it apart. ALIGN_MAX is preferred to the other aligners.
-- A quantile is the smallest value seen that at least that share of the periods does not exceed: no interpolation.
-- A period without a point is unknown, not zero: points says how many there were.
WITH candidates AS NOT MATERIALIZED (
  SELECT
    namespace_name, top_level_controller_type AS controller_type, top_level_controller_name AS controller_name,
    container_name, end_time, value,
    CASE metric_type WHEN 'kubernetes.io/container/cpu/core_usage_time' THEN 'cpu' ELSE 'memory' END AS metric,
    CASE WHEN memory_type IS NULL THEN 1 ELSE 0 END AS is_whole_memory,
    CASE WHEN aligner = 'ALIGN_MAX' THEN 0 ELSE 1 END AS is_averaged,
    aligner, reducer, pod_name, period_s
  FROM usage
  WHERE metric_type = 'kubernetes.io/container/cpu/core_usage_time'
    OR (
      metric_type = 'kubernetes.io/container/memory/used_bytes'
      AND (memory_type = 'non-evictable' OR memory_type IS NULL)
    )
),
one_pod AS NOT MATERIALIZED (
  SELECT
    namespace_name, controller_type, controller_name, container_name, metric,
    is_whole_memory, CASE reducer WHEN 'REDUCE_MAX' THEN '1 max' ELSE '3 mean' END AS form, is_averaged, period_s, aligner,
    value
  FROM candidates
  WHERE reducer IN ('REDUCE_MAX', 'REDUCE_MEAN')
  UNION ALL
  SELECT
    namespace_name, controller_type, controller_name, container_name, metric,
    is_whole_memory, '2 pod' AS form, is_averaged, period_s, aligner,
    MAX(value) AS value
  FROM candidates
  WHERE reducer IS NULL AND pod_name IS NOT NULL
  GROUP BY
    namespace_name, controller_type, controller_name, container_name, metric,
    is_whole_memory, is_averaged, period_s, aligner, end_time
  UNION ALL
  SELECT
    candidates.namespace_name, candidates.controller_type, candidates.controller_name, container_name, metric,
    is_whole_memory, '4 sum' AS form, is_averaged, candidates.period_s, aligner,
    value / pods AS value
  FROM candidates
  JOIN pods_at
    ON pods_at.namespace_name = candidates.namespace_name
    AND pods_at.controller_type = candidates.controller_type
    AND pods_at.controller_name = candidates.controller_name
    AND pods_at.end_time = candidates.end_time
  WHERE reducer = 'REDUCE_SUM' AND pods > 0
),
series AS (
  SELECT
    namespace_name, controller_type, controller_name, container_name, metric,
    is_whole_memory, form, is_averaged, period_s, aligner,
    COUNT(*) AS points,
    QUANTILE_DISC(value, [0.5, 0.95, 0.99, 1.0]) AS q
  FROM one_pod
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
),
ranked AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY namespace_name, controller_type, controller_name, container_name, metric
      ORDER BY is_whole_memory, form, is_averaged, period_s, aligner
    ) AS place
  FROM series
)
SELECT
  namespace_name, controller_type, controller_name, container_name, metric,
  SUBSTRING(form, 3) AS form, points,
  q[1] AS q50, q[2] AS q95, q[3] AS q99, q[4] AS q100
FROM ranked
WHERE place = 1
ORDER BY 1, 2, 3, 4, 5
