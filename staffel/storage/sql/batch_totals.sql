-- The promises of a batch, counted: jobs, ends, results, cost rows, and jobs that are lost (none is, or it is a fault).
SELECT count(*) AS jobs,
       count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
       count(*) FILTER (WHERE state IN ('failed', 'dead')) AS failed,
       count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
       count(*) FILTER (WHERE finished_at IS NULL) AS open,
       count(*) FILTER (WHERE state = 'succeeded' AND results.job_id IS NULL) AS lost,
       count(results.job_id) AS results,
       (SELECT count(*) FROM costs WHERE costs.batch_id = :batch_id) AS cost_rows
FROM jobs
LEFT JOIN results ON results.job_id = jobs.id
WHERE jobs.batch_id = :batch_id
