-- cpu_by_container_day: CPU that all pods of a container used together, on each day (UTC).
-- reads   usage, pods_at
-- grain   namespace_name, controller_type, controller_name, container_name, day: unique
-- gives   day BIGINT (days since 1970-01-01), period_s INTEGER, core_s DECIMAL, form VARCHAR
-- From REDUCE_SUM; else the sum over the single pods; else REDUCE_MEAN times the pods; else REDUCE_MAX times the pods,
-- which is an upper bound. Where nobody counted the pods, one is taken.
-- A period belongs to the day on which it began. Sums are of DECIMAL, so the number of threads cannot change them.
WITH candidates AS NOT MATERIALIZED (
  SELECT
    namespace_name, top_level_controller_type AS controller_type, top_level_controller_name AS controller_name,
    container_name, end_time, value, period_s,
    CASE
      WHEN reducer = 'REDUCE_SUM' THEN '1 sum'
      WHEN reducer IS NULL AND pod_name IS NOT NULL THEN '2 pod'
      WHEN reducer = 'REDUCE_MEAN' THEN '3 mean'
      WHEN reducer = 'REDUCE_MAX' THEN '4 max'
    END AS form
  FROM usage
  WHERE metric_type = 'kubernetes.io/container/cpu/core_usage_time'
),
best AS (
  SELECT namespace_name, controller_type, controller_name, container_name, MIN(ROW(form, period_s)) AS choice
  FROM candidates
  WHERE form IS NOT NULL
  GROUP BY 1, 2, 3, 4
),
all_pods AS NOT MATERIALIZED (
  SELECT
    candidates.namespace_name, candidates.controller_type, candidates.controller_name, candidates.container_name,
    candidates.form, candidates.end_time, candidates.period_s,
    CASE WHEN candidates.form IN ('1 sum', '2 pod') THEN value ELSE value * COALESCE(pods, 1) END AS cores
  FROM candidates
  JOIN best
    ON best.namespace_name = candidates.namespace_name
    AND best.controller_type = candidates.controller_type
    AND best.controller_name = candidates.controller_name
    AND best.container_name = candidates.container_name
    AND best.choice = ROW(candidates.form, candidates.period_s)
  LEFT JOIN pods_at
    ON candidates.form IN ('3 mean', '4 max')
    AND pods_at.namespace_name = candidates.namespace_name
    AND pods_at.controller_type = candidates.controller_type
    AND pods_at.controller_name = candidates.controller_name
    AND pods_at.end_time = candidates.end_time
)
SELECT
  namespace_name, controller_type, controller_name, container_name,
  (EPOCH_US(end_time) - 1000000 * CAST(period_s AS BIGINT)) // 86400000000 AS day,
  period_s,
  SUM(CAST(cores AS DECIMAL(18, 9)) * period_s) AS core_s,
  SUBSTRING(form, 3) AS form
FROM all_pods
GROUP BY 1, 2, 3, 4, 5, 6, form
ORDER BY 1, 2, 3, 4, 5
