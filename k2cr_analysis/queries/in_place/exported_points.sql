-- exported_points: the usage table, from points of Cloud Monitoring that Google's reference implementation exported.
-- reads   metric_points (GoogleCloudPlatform/stackdriver-metrics-export, bigquery_schema.json), workloads
-- grain   metric_type, memory_type, namespace_name, pod_name, container_name, end_time: unique
-- gives   the columns of the snapshot's usage table
-- A point of a DELTA has its length; CPU seconds over it are cores. One of a GAUGE has none: the distance of its points.
-- Memory is taken where it is told how it was aligned ($memory_aligner): as it comes, each hour's samples are added up.
-- Pub/Sub delivers a point twice now and then: it counts once. A series names its pod, and the pod's name its workload.
WITH points AS (
  SELECT
    metric.type AS metric_type, metric_kind,
    (SELECT MAX(pair.value) FROM UNNEST(metric.labels) AS pairs(pair) WHERE pair.key = 'memory_type') AS memory_type,
    (SELECT MAX(pair.value) FROM UNNEST(resource.labels) AS pairs(pair) WHERE pair.key = 'namespace_name')
      AS namespace_name,
    (SELECT MAX(pair.value) FROM UNNEST(resource.labels) AS pairs(pair) WHERE pair.key = 'pod_name') AS pod_name,
    (SELECT MAX(pair.value) FROM UNNEST(resource.labels) AS pairs(pair) WHERE pair.key = 'container_name')
      AS container_name,
    point."interval".end_time AS end_time,
    (EPOCH_US(point."interval".end_time) - EPOCH_US(point."interval".start_time) + 500000) // 1000000 AS length_s,
    COALESCE(point.value.double_value, CAST(point.value.int64_value AS DOUBLE)) AS value
  FROM metric_points
  WHERE resource.type = 'k8s_container'
    AND metric.type IN (
      'kubernetes.io/container/cpu/core_usage_time',
      'kubernetes.io/container/memory/used_bytes',
      'kubernetes.io/container/restart_count'
    )
    AND metric_kind IN ('DELTA', 'GAUGE')
    AND point."interval".end_time > $window_start AND point."interval".end_time <= $window_end
    AND (SELECT MAX(pair.value) FROM UNNEST(resource.labels) AS pairs(pair) WHERE pair.key = 'cluster_name') = $cluster
    AND (SELECT MAX(pair.value) FROM UNNEST(resource.labels) AS pairs(pair) WHERE pair.key = 'location') = $location
    AND (SELECT MAX(pair.value) FROM UNNEST(resource.labels) AS pairs(pair) WHERE pair.key = 'project_id') = $project
    AND _PARTITIONTIME >= $partition_start AND _PARTITIONTIME < $partition_end
),
once AS (
  SELECT
    metric_type, metric_kind, memory_type, namespace_name, pod_name, container_name, end_time,
    MAX(length_s) AS length_s, MAX(value) AS value
  FROM points
  WHERE value IS NOT NULL AND pod_name IS NOT NULL
  GROUP BY 1, 2, 3, 4, 5, 6, 7
),
stepped AS (
  SELECT
    *,
    EPOCH_US(end_time) - LAG(EPOCH_US(end_time)) OVER (
      PARTITION BY metric_type, memory_type, namespace_name, pod_name, container_name ORDER BY end_time NULLS FIRST
    ) AS step_us
  FROM once
),
spaced AS (
  SELECT metric_type, (MIN(step_us) + 500000) // 1000000 AS step_s
  FROM stepped
  WHERE step_us > 0
  GROUP BY 1
),
pods AS (
  SELECT DISTINCT namespace_name, pod_name FROM once
),
candidates AS (
  SELECT
    pods.namespace_name AS namespace_name, pods.pod_name AS pod_name, kind, name,
    ROW_NUMBER() OVER (PARTITION BY pods.namespace_name, pods.pod_name ORDER BY LENGTH(name) DESC, kind) AS place
  FROM pods
  JOIN workloads ON workloads.namespace_name = pods.namespace_name
  WHERE pods.pod_name = name
    OR (STARTS_WITH(pods.pod_name, name) AND REGEXP_MATCHES(SUBSTRING(pods.pod_name, LENGTH(name) + 1), ending))
)
SELECT
  stepped.metric_type AS metric_type,
  memory_type,
  CASE stepped.metric_type
    WHEN 'kubernetes.io/container/cpu/core_usage_time' THEN 'ALIGN_RATE'
    WHEN 'kubernetes.io/container/restart_count' THEN 'ALIGN_DELTA'
    ELSE $memory_aligner
  END AS aligner,
  CAST(NULL AS TEXT) AS reducer,
  stepped.namespace_name AS namespace_name,
  kind AS top_level_controller_type,
  name AS top_level_controller_name,
  stepped.pod_name AS pod_name,
  container_name,
  end_time,
  CAST(CASE metric_kind WHEN 'DELTA' THEN length_s ELSE step_s END AS INTEGER) AS period_s,
  CASE
    WHEN stepped.metric_type = 'kubernetes.io/container/cpu/core_usage_time' AND metric_kind = 'DELTA'
      THEN value / length_s
    ELSE value
  END AS value
FROM stepped
JOIN candidates
  ON candidates.namespace_name = stepped.namespace_name AND candidates.pod_name = stepped.pod_name AND place = 1
LEFT JOIN spaced ON spaced.metric_type = stepped.metric_type
WHERE (stepped.metric_type <> 'kubernetes.io/container/memory/used_bytes' OR $memory_aligner <> '')
  AND (stepped.metric_type = 'kubernetes.io/container/memory/used_bytes' OR metric_kind = 'DELTA' OR step_s > 0)
  AND (metric_kind <> 'DELTA' OR length_s > 0)
