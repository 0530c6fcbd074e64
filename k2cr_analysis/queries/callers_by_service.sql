-- callers_by_service: who called each target, as the service mesh names its callers.
-- reads   traffic
-- grain   namespace_name, service_name, workload_type, workload_name, source_namespace_name, source_workload_name: unique
-- gives   requests BIGINT
SELECT
  namespace_name, service_name, workload_type, workload_name, source_namespace_name, source_workload_name,
  CAST(SUM(request_count) AS BIGINT) AS requests
FROM traffic
WHERE source_workload_name IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2 NULLS FIRST, 3 NULLS FIRST, 4 NULLS FIRST, 5 NULLS FIRST, 6
