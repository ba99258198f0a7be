-- Deletes a bite of ended jobs that are older than their tenant keeps them, with all that they own, and counts what
-- went. The ledger stays: it refers to none of this. A job of which a call is still to be booked waits for that.
-- Rows that another pruner, or somebody who retries, holds are skipped; nothing else is locked. What belongs to
-- the jobs is deleted by name, set by set, before their foreign keys would do it row by row. Ids are handed on as an array, so that the
-- planner takes the index whatever it believes of the tables' sizes.
-- The commit need not wait for the disk: a bite that is lost is deleted again.
WITH due AS (
    SELECT ended.id
    FROM tenants
    CROSS JOIN LATERAL (
        VALUES ('succeeded', coalesce(tenants.keep_jobs_days, CAST(:jobs_days AS integer))),
               ('cancelled', coalesce(tenants.keep_jobs_days, CAST(:jobs_days AS integer))),
               ('failed', coalesce(tenants.keep_failed_days, CAST(:failed_days AS integer))),
               ('dead', coalesce(tenants.keep_failed_days, CAST(:failed_days AS integer)))
    ) AS kept (state, days)
    CROSS JOIN LATERAL (
        SELECT jobs.id
        FROM jobs
        WHERE jobs.tenant_id = tenants.id
          AND jobs.state = kept.state
          AND jobs.finished_at < now() - make_interval(days => kept.days)
          AND NOT EXISTS (
              SELECT FROM calls
              WHERE calls.job_id = jobs.id AND calls.state <> 'unsent'
                AND NOT EXISTS (SELECT FROM costs WHERE costs.call_id = calls.id AND costs.kind = 'booking'))
        ORDER BY jobs.finished_at
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ) AS ended
    WHERE kept.days > 0
    LIMIT :limit
),
payloads_gone AS (DELETE FROM payloads WHERE job_id = ANY (ARRAY(SELECT id FROM due)) RETURNING 1),
results_gone AS (DELETE FROM results WHERE job_id = ANY (ARRAY(SELECT id FROM due)) RETURNING 1),
attempts_gone AS (DELETE FROM attempts WHERE job_id = ANY (ARRAY(SELECT id FROM due)) RETURNING 1),
calls_gone AS (DELETE FROM calls WHERE job_id = ANY (ARRAY(SELECT id FROM due)) RETURNING 1),
decisions_gone AS (DELETE FROM routing_decisions WHERE job_id = ANY (ARRAY(SELECT id FROM due)) RETURNING 1),
callbacks_gone AS (DELETE FROM callbacks WHERE job_id = ANY (ARRAY(SELECT id FROM due)) RETURNING 1),
jobs_gone AS (DELETE FROM jobs WHERE id = ANY (ARRAY(SELECT id FROM due)) RETURNING 1)
SELECT (SELECT count(*) FROM jobs_gone) AS jobs,
       (SELECT count(*) FROM payloads_gone) AS payloads,
       (SELECT count(*) FROM results_gone) AS results,
       (SELECT count(*) FROM attempts_gone) AS attempts,
       (SELECT count(*) FROM calls_gone) AS calls,
       (SELECT count(*) FROM decisions_gone) AS decisions,
       (SELECT count(*) FROM callbacks_gone) AS callbacks,
       set_config('synchronous_commit', 'off', true) AS unsynced
