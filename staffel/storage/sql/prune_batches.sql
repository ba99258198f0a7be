-- Deletes a bite of batches that finished long ago and whose jobs are all pruned, with their callbacks. A batch
-- without a job cannot get one: jobs are only added by the transaction that adds the batch. Old ones are found by
-- their time of submission, which has an index and precedes their end.
WITH kept AS (
    SELECT id, least(nullif(coalesce(keep_jobs_days, CAST(:jobs_days AS integer)), 0),
                     nullif(coalesce(keep_failed_days, CAST(:failed_days AS integer)), 0)) AS days
    FROM tenants
),
due AS (
    SELECT emptied.id
    FROM kept
    CROSS JOIN LATERAL (
        SELECT batches.id
        FROM batches
        WHERE batches.tenant_id = kept.id
          AND batches.submitted_at < now() - make_interval(days => kept.days)
          AND batches.finished_at < now() - make_interval(days => kept.days)
          AND NOT EXISTS (SELECT FROM jobs WHERE jobs.batch_id = batches.id)
        ORDER BY batches.submitted_at
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ) AS emptied
    LIMIT :limit
),
callbacks_gone AS (DELETE FROM callbacks WHERE batch_id = ANY (ARRAY(SELECT id FROM due)) RETURNING 1),
batches_gone AS (DELETE FROM batches WHERE id = ANY (ARRAY(SELECT id FROM due)) RETURNING 1)
SELECT (SELECT count(*) FROM batches_gone) AS batches,
       (SELECT count(*) FROM callbacks_gone) AS callbacks,
       set_config('synchronous_commit', 'off', true) AS unsynced
