-- pods_by_workload: how many pods of each workload ran.
-- reads   pods_at
-- grain   namespace_name, controller_type, controller_name: unique
-- gives   period_s INTEGER, pod_s DECIMAL (sum over the periods of pods times seconds), max_pods BIGINT
SELECT
  namespace_name, controller_type, controller_name,
  MAX(period_s) AS period_s,
  SUM(CAST(pods AS DECIMAL(18, 0)) * period_s) AS pod_s,
  MAX(pods) AS max_pods
FROM pods_at
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
