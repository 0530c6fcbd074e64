-- memory_by_day: the most memory that one pod of each container used on each day (UTC).
-- reads   usage
-- grain   namespace_name, controller_type, controller_name, container_name, day: unique
-- gives   day BIGINT (days since 1970-01-01), most_bytes DOUBLE
-- The non-evictable part where the series tells it apart, else the whole. REDUCE_SUM, which is of all pods, is left out.
WITH points AS (
  SELECT
    namespace_name, top_level_controller_type AS controller_type, top_level_controller_name AS controller_name,
    container_name, value, CASE WHEN memory_type IS NULL THEN 1 ELSE 0 END AS is_whole_memory,
    (EPOCH_US(end_time) - 1000000 * CAST(period_s AS BIGINT)) // 86400000000 AS day
  FROM usage
  WHERE metric_type = 'kubernetes.io/container/memory/used_bytes'
    AND (memory_type = 'non-evictable' OR memory_type IS NULL)
    AND (reducer IS NULL OR reducer <> 'REDUCE_SUM')
),
ranked AS (
  SELECT
    *,
    RANK() OVER (
      PARTITION BY namespace_name, controller_type, controller_name, container_name ORDER BY is_whole_memory
    ) AS place
  FROM points
)
SELECT namespace_name, controller_type, controller_name, container_name, day, MAX(value) AS most_bytes
FROM ranked
WHERE place = 1
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5
