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
best AS (
  SELECT namespace_name, controller_type, controller_name, container_name, MIN(ROW(form, period_s)) AS choice
  FROM candidates
  WHERE form IS NOT NULL
  GROUP BY 1, 2, 3, 4
)
SELECT
  candidates.namespace_name, candidates.controller_type, candidates.controller_name, candidates.container_name,
  CAST(SUM(CAST(value AS BIGINT)) AS BIGINT) AS restarts
FROM candidates
JOIN best
  ON best.namespace_name = candidates.namespace_name
  AND best.controller_type = candidates.controller_type
  AND best.controller_name = candidates.controller_name
  AND best.container_name = candidates.container_name
  AND best.choice = ROW(candidates.form, candidates.period_s)
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
