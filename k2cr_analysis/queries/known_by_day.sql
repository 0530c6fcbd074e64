-- known_by_day: on how many seconds of each day (UTC) the snapshot has usage at all, of any container.
-- reads   usage
-- grain   period_s, day: unique
-- gives   day BIGINT (days since 1970-01-01), period_s INTEGER, known_s BIGINT
-- A period in which some container of the cluster has a point was watched: a container without a point then did not run.
-- A period in which none has one is a gap, of which nothing is known.
SELECT
  (EPOCH_US(end_time) - 1000000 * CAST(period_s AS BIGINT)) // 86400000000 AS day,
  period_s,
  COUNT(DISTINCT end_time) * CAST(period_s AS BIGINT) AS known_s
FROM usage
WHERE metric_type = 'kubernetes.io/container/cpu/core_usage_time'
GROUP BY 1, 2
ORDER BY 1, 2
