-- Erases the content of a bite of jobs that ended longer ago than their tenant keeps contents; the jobs stay.
-- Payloads are walked in the order of their key, which is that of submission, from :after up to the first id that
-- is too young for the shortest age that any tenant keeps: an id begins with its time in ms (UUIDv7).
-- Locks the jobs, skipping those that somebody holds: a retry locks first and looks for the content afterwards.
-- `reached` is where the next bite begins; NULL when the walk is at its end.
WITH kept AS (
    SELECT id, coalesce(keep_payloads_days, CAST(:payloads_days AS integer)) AS days FROM tenants
),
youngest AS (
    SELECT CAST(
        lpad(to_hex(floor(extract(epoch FROM now() - make_interval(days => min(days))) * 1000)::bigint), 12, '0')
        || repeat('0', 20) AS uuid) AS id
    FROM kept WHERE days > 0
),
walked AS MATERIALIZED (
    SELECT job_id FROM payloads
    WHERE job_id > :after AND job_id < (SELECT id FROM youngest)
    ORDER BY job_id
    LIMIT :limit
),
due AS (
    SELECT jobs.id
    FROM walked
    JOIN jobs ON jobs.id = walked.job_id
    JOIN kept ON kept.id = jobs.tenant_id
    WHERE kept.days > 0 AND jobs.finished_at < now() - make_interval(days => kept.days)
    FOR UPDATE OF jobs SKIP LOCKED
),
payloads_gone AS (DELETE FROM payloads WHERE job_id = ANY (ARRAY(SELECT id FROM due)) RETURNING 1)
SELECT (SELECT count(*) FROM payloads_gone) AS payloads,
       (SELECT job_id FROM walked ORDER BY job_id DESC LIMIT 1) AS reached,
       set_config('synchronous_commit', 'off', true) AS unsynced
