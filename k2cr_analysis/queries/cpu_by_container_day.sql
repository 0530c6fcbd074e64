-- cpu_by_container_day: CPU that all pods of a container used together, on each day (UTC).
-- reads   usage, pods_at
-- grain   namespace_name, controller_type, controller_name, container_name, day: unique
-- gives   day BIGINT (days since 1970-01-01), period_s INTEGER, core_s DECIMAL, form VARCHAR
-- From REDUCE_SUM; else the sum over the single pods; else REDUCE_MEAN times the pods; else REDUCE_MAX times the pods,
-- which is an upper bound. Where nobody counted the pods, one is taken.
-- A period belongs to the day on which it began. Sums are of DECIMAL, so the number of threads cannot change them.
WITH cpu AS NOT MATERIALIZED (
  SELECT
    namespace_name, top_level_controller_type AS controller_type, top_level_controller_name AS controller_name,
    container_name, end_time, period_s, reducer, pod_name, value,
    (EPOCH_US(end_time) - 1000000 * CAST(period_s AS BIGINT)) // 86400000000 AS day
  FROM usage
  WHERE metric_type = 'kubernetes.io/container/cpu/core_usage_time'
),
summed AS (
  SELECT DISTINCT namespace_name, controller_type, controller_name, container_name
  FROM cpu
  WHERE reducer = 'REDUCE_SUM' OR (reducer IS NULL AND pod_name IS NOT NULL)
),
series AS (
  SELECT
    namespace_name, controller_type, controller_name, container_name, day, period_s,
    CASE WHEN reducer = 'REDUCE_SUM' THEN '1 sum' ELSE '2 pod' END AS form,
    SUM(CAST(value AS DECIMAL(18, 9))) * period_s AS core_s
  FROM cpu
  WHERE reducer = 'REDUCE_SUM' OR (reducer IS NULL AND pod_name IS NOT NULL)
  GROUP BY 1, 2, 3, 4, 5, 6, 7
  UNION ALL
  SELECT
    cpu.namespace_name, cpu.controller_type, cpu.controller_name, cpu.container_name, day, cpu.period_s,
    CASE reducer WHEN 'REDUCE_MEAN' THEN '3 mean' ELSE '4 max' END AS form,
    SUM(CAST(value * COALESCE(pods, 1) AS DECIMAL(18, 9))) * cpu.period_s AS core_s
  FROM cpu
  LEFT JOIN summed
    ON summed.namespace_name = cpu.namespace_name
    AND summed.controller_type = cpu.controller_type
    AND summed.controller_name = cpu.controller_name
    AND summed.container_name = cpu.container_name
  LEFT JOIN pods_at
    ON pods_at.namespace_name = cpu.namespace_name
    AND pods_at.controller_type = cpu.controller_type
    AND pods_at.controller_name = cpu.controller_name
    AND pods_at.end_time = cpu.end_time
  WHERE reducer IN ('REDUCE_MEAN', 'REDUCE_MAX') AND summed.container_name IS NULL
  GROUP BY 1, 2, 3, 4, 5, 6, 7
),
ranked AS (
  SELECT
    *,
    RANK() OVER (
      PARTITION BY namespace_name, controller_type, controller_name, container_name ORDER BY form, period_s
    ) AS place
  FROM series
)
SELECT namespace_name, controller_type, controller_name, container_name, day, period_s, core_s, SUBSTRING(form, 3) AS form
FROM ranked
WHERE place = 1
ORDER BY 1, 2, 3, 4, 5
