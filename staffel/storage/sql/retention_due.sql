-- Counts what a run of the pruner would delete now. Reads whole tables and locks nothing.
WITH kept AS (
    SELECT id,
           coalesce(keep_jobs_days, CAST(:jobs_days AS integer)) AS jobs_days,
           coalesce(keep_failed_days, CAST(:failed_days AS integer)) AS failed_days,
           coalesce(keep_payloads_days, CAST(:payloads_days AS integer)) AS payloads_days,
           coalesce(keep_keys_days, CAST(:keys_days AS integer)) AS keys_days
    FROM tenants
),
ended AS (
    SELECT jobs.id, jobs.finished_at, kept.payloads_days,
           CASE WHEN jobs.state IN ('failed', 'dead') THEN kept.failed_days ELSE kept.jobs_days END AS days
    FROM jobs JOIN kept ON kept.id = jobs.tenant_id
    WHERE jobs.finished_at IS NOT NULL
),
due AS (
    SELECT id FROM ended
    WHERE days > 0 AND finished_at < now() - make_interval(days => days)
      AND NOT EXISTS (
          SELECT FROM calls
          WHERE calls.job_id = ended.id AND calls.state <> 'unsent'
            AND NOT EXISTS (SELECT FROM costs WHERE costs.call_id = calls.id AND costs.kind = 'booking'))
),
erased AS (
    SELECT payloads.job_id
    FROM payloads JOIN ended ON ended.id = payloads.job_id
    WHERE payloads_days > 0 AND finished_at < now() - make_interval(days => payloads_days)
),
emptied AS (
    SELECT batches.id
    FROM batches
    JOIN kept ON kept.id = batches.tenant_id
    WHERE batches.finished_at < now() - make_interval(
              days => least(nullif(kept.jobs_days, 0), nullif(kept.failed_days, 0)))
      AND NOT EXISTS (
          SELECT FROM jobs LEFT JOIN due ON due.id = jobs.id
          WHERE jobs.batch_id = batches.id AND due.id IS NULL)
)
SELECT (SELECT count(*) FROM due) AS jobs,
       (SELECT count(*) FROM payloads
        WHERE job_id IN (SELECT id FROM due UNION SELECT job_id FROM erased)) AS payloads,
       (SELECT count(*) FROM results WHERE job_id IN (SELECT id FROM due)) AS results,
       (SELECT count(*) FROM attempts WHERE job_id IN (SELECT id FROM due)) AS attempts,
       (SELECT count(*) FROM calls WHERE job_id IN (SELECT id FROM due)) AS calls,
       (SELECT count(*) FROM routing_decisions WHERE job_id IN (SELECT id FROM due)) AS decisions,
       (SELECT count(*) FROM callbacks
        WHERE job_id IN (SELECT id FROM due) OR batch_id IN (SELECT id FROM emptied)) AS callbacks,
       (SELECT count(*) FROM emptied) AS batches,
       (SELECT count(*) FROM idempotency_keys JOIN kept ON kept.id = idempotency_keys.tenant_id
        WHERE keys_days > 0 AND created_at < now() - make_interval(days => keys_days)) AS keys
