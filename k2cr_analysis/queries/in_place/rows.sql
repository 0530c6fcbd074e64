-- rows: every row of the billing export (detailed, or standard) whose usage began in a window, of one project or of all.
-- In the console: put your table between the backticks, and give the parameters, for example
--   DECLARE start TIMESTAMP DEFAULT '2026-03-01'; ... and write start, not @start.
-- A table that lacks a column (the standard export has no resource) is read with NULL for it.
-- The export is partitioned by the day on which rows arrived: that is up to a day before and a week after the usage.
SELECT
  billing_account_id,
  service,
  sku,
  usage_start_time,
  usage_end_time,
  project,
  labels,
  system_labels,
  location,
  resource,
  cost,
  currency,
  currency_conversion_rate,
  usage,
  credits,
  invoice,
  cost_type,
  export_time,
  price,
  cost_at_list,
  cost_at_effective_price_default,
  consumption_model
FROM `PROJECT.DATASET.TABLE`
WHERE usage_start_time >= @start
  AND usage_start_time < @end
  AND _PARTITIONTIME >= @partition_start
  AND _PARTITIONTIME < @partition_end
  AND (@project IS NULL OR project.id = @project)
