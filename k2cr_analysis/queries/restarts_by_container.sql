-- restarts_by_container: how often the containers of all pods were restarted in the window.
-- reads   usage
-- grain   namespace_name, controller_type, controller_name, container_name: unique
-- gives   restarts BIGINT
-- From REDUCE_SUM; else the single pods' points; else REDUCE_MAX, which is a lower bound. ALIGN_DELTA counts, other aligners do not.
WITH candidates AS (
  SELECT
    namespace_name, top_level_controller_type AS controller_type, top_level_controller_name AS controller_name,
    container_name, period_s, value,
    CASE
      WHEN reducer = 'REDUCE_SUM' THEN '1 sum'
      WHEN reducer IS NULL AND pod_name IS NOT NULL THEN '2 pod'
      WHEN reducer = 'REDUCE_MAX' THEN '3 max'
    END AS form
  FROM usage
  WHERE metric_type = 'kubernetes.io/container/restart_count' AND aligner = 'ALIGN_DELTA'
),
ranked AS (
  SELECT
    *,
    RANK() OVER (
      PARTITION BY namespace_name, controller_type, controller_name, container_name ORDER BY form, period_s
    ) AS place
  FROM candidates
  WHERE form IS NOT NULL
)
SELECT
  namespace_name, controller_type, controller_name, container_name,
  CAST(SUM(CAST(value AS BIGINT)) AS BIGINT) AS restarts
FROM ranked
WHERE place = 1
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
