-- pods_at: how many pods of a workload ran in each period.
-- reads   usage
-- grain   namespace_name, controller_type, controller_name, end_time: unique
-- gives   period_s INTEGER, pods BIGINT
-- The uptime series, reduced by REDUCE_COUNT, counts them; where a workload has none, the pods that have a CPU point are counted.
WITH counted AS (
  SELECT
    namespace_name, top_level_controller_type AS controller_type, top_level_controller_name AS controller_name, end_time,
    MIN(period_s) AS period_s,
    MAX(CAST(value AS BIGINT)) AS pods  -- each container of a pod counts the same pods
  FROM usage
  WHERE metric_type = 'kubernetes.io/container/uptime' AND reducer = 'REDUCE_COUNT'
  GROUP BY 1, 2, 3, 4
),
with_a_count AS (
  SELECT DISTINCT namespace_name, controller_type, controller_name FROM counted
),
named AS (
  SELECT
    namespace_name, top_level_controller_type AS controller_type, top_level_controller_name AS controller_name, end_time,
    MIN(period_s) AS period_s,
    COUNT(DISTINCT pod_name) AS pods
  FROM usage
  WHERE metric_type = 'kubernetes.io/container/cpu/core_usage_time' AND pod_name IS NOT NULL
  GROUP BY 1, 2, 3, 4
)
SELECT namespace_name, controller_type, controller_name, end_time, period_s, pods FROM counted
UNION ALL
SELECT named.namespace_name, named.controller_type, named.controller_name, named.end_time, named.period_s, named.pods
FROM named
LEFT JOIN with_a_count
  ON with_a_count.namespace_name = named.namespace_name
  AND with_a_count.controller_type = named.controller_type
  AND with_a_count.controller_name = named.controller_name
WHERE with_a_count.controller_name IS NULL
