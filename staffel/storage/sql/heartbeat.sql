-- Renews the leases that a process holds. A lease that does not come back was lost: its call must be cancelled.
-- The commit need not wait for the disk: the next beat repeats it.
WITH held AS (
    SELECT * FROM unnest(CAST(:job_ids AS uuid[]), CAST(:tokens AS uuid[])) AS held (job_id, lease_token)
),
renewed AS (
    UPDATE jobs
    SET lease_until = now() + CAST(:lease AS interval)
    FROM held
    WHERE jobs.id = held.job_id AND jobs.lease_token = held.lease_token AND jobs.state = 'running'
    RETURNING jobs.id, jobs.cancel_requested
)
SELECT id, cancel_requested, set_config('synchronous_commit', 'off', true) AS unsynced FROM renewed
