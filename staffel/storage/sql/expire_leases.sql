-- Takes back jobs whose lease ran out, a few at a time. Rows that another reconciler holds are skipped.
-- The first crash of a job charges nothing: its neighbours in the process are as suspect as itself. It runs
-- again alone (quarantine); only a crash in quarantine is the job's own. After a restart of the database no lease
-- expires for one lease length, because nobody could renew it meanwhile.
WITH expired AS (
    SELECT id, quarantined, crashes, cancel_requested
    FROM jobs
    WHERE state = 'running' AND lease_until < now()
      AND pg_postmaster_start_time() < now() - CAST(:lease AS interval)
    ORDER BY lease_until
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
),
judged AS (
    SELECT id,
           crashes + quarantined::int AS crashes,
           CASE
               WHEN cancel_requested THEN 'cancelled'
               WHEN crashes + quarantined::int >= :max_crashes THEN 'dead'
               ELSE 'queued'
           END AS state
    FROM expired
),
closed AS (
    UPDATE attempts
    SET outcome = 'crashed', finished_at = now(), reason = 'the lease ran out'
    FROM jobs
    JOIN judged ON judged.id = jobs.id
    WHERE attempts.job_id = jobs.id AND attempts.attempt = jobs.attempt AND attempts.outcome = 'running'
)
UPDATE jobs
SET state = judged.state,
    crashes = judged.crashes,
    quarantined = true,
    lease_token = NULL,
    lease_until = NULL,
    dispatched_at = NULL,
    finished_at = CASE WHEN judged.state <> 'queued' THEN now() END,
    error_code = CASE WHEN judged.state = 'dead' THEN 'crashed' END,
    error_message = CASE WHEN judged.state = 'dead' THEN 'its worker died ' || judged.crashes || ' times while it ran alone' END
FROM judged
WHERE jobs.id = judged.id
RETURNING jobs.id, jobs.state, jobs.tier, jobs.batch_id
