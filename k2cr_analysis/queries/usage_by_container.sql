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
    CASE
      WHEN reducer = 'REDUCE_MAX' THEN '1 max'
      WHEN reducer IS NULL AND pod_name IS NOT NULL THEN '2 pod'
      WHEN reducer = 'REDUCE_MEAN' THEN '3 mean'
      WHEN reducer = 'REDUCE_SUM' THEN '4 sum'
    END AS form,
    CASE WHEN memory_type IS NULL THEN 1 ELSE 0 END AS is_whole_memory,
    CASE WHEN aligner = 'ALIGN_MAX' THEN 0 ELSE 1 END AS is_averaged,
    aligner,
    period_s
  FROM usage
  WHERE metric_type = 'kubernetes.io/container/cpu/core_usage_time'
    OR (
      metric_type = 'kubernetes.io/container/memory/used_bytes'
      AND (memory_type = 'non-evictable' OR memory_type IS NULL)
    )
),
best AS (
  SELECT
    namespace_name, controller_type, controller_name, container_name, metric,
    MIN(ROW(is_whole_memory, form, is_averaged, period_s, aligner)) AS choice
  FROM candidates
  WHERE form IS NOT NULL
  GROUP BY 1, 2, 3, 4, 5
),
chosen AS NOT MATERIALIZED (
  SELECT candidates.*
  FROM candidates
  JOIN best
    ON best.namespace_name = candidates.namespace_name
    AND best.controller_type = candidates.controller_type
    AND best.controller_name = candidates.controller_name
    AND best.container_name = candidates.container_name
    AND best.metric = candidates.metric
    AND best.choice
      = ROW(candidates.is_whole_memory, candidates.form, candidates.is_averaged, candidates.period_s, candidates.aligner)
),
one_pod AS NOT MATERIALIZED (
  SELECT namespace_name, controller_type, controller_name, container_name, metric, form, value
  FROM chosen
  WHERE form IN ('1 max', '3 mean')
  UNION ALL
  SELECT namespace_name, controller_type, controller_name, container_name, metric, form, MAX(value)
  FROM chosen
  WHERE form = '2 pod'
  GROUP BY namespace_name, controller_type, controller_name, container_name, metric, form, end_time
  UNION ALL
  SELECT
    chosen.namespace_name, chosen.controller_type, chosen.controller_name, chosen.container_name, metric, form,
    value / pods
  FROM chosen
  JOIN pods_at
    ON pods_at.namespace_name = chosen.namespace_name
    AND pods_at.controller_type = chosen.controller_type
    AND pods_at.controller_name = chosen.controller_name
    AND pods_at.end_time = chosen.end_time
  WHERE form = '4 sum' AND pods > 0
)
SELECT
  namespace_name, controller_type, controller_name, container_name, metric,
  SUBSTRING(form, 3) AS form,
  COUNT(*) AS points,
  QUANTILE_DISC(value, 0.5) AS q50,
  QUANTILE_DISC(value, 0.95) AS q95,
  QUANTILE_DISC(value, 0.99) AS q99,
  MAX(value) AS q100
FROM one_pod
GROUP BY 1, 2, 3, 4, 5, form
ORDER BY 1, 2, 3, 4, 5
