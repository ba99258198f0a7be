-- Deletes a bite of idempotency keys that are older than their tenant keeps them, wherever their jobs are. Keys that
-- another pruner holds are skipped.
WITH due AS (
    SELECT taken.tenant_id, taken.key
    FROM (SELECT id, coalesce(keep_keys_days, CAST(:keys_days AS integer)) AS days FROM tenants) AS kept
    CROSS JOIN LATERAL (
        SELECT tenant_id, key
        FROM idempotency_keys
        WHERE idempotency_keys.tenant_id = kept.id
          AND idempotency_keys.created_at < now() - make_interval(days => kept.days)
        ORDER BY idempotency_keys.created_at
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ) AS taken
    WHERE kept.days > 0
    LIMIT :limit
),
keys_gone AS (
    DELETE FROM idempotency_keys WHERE (tenant_id, key) IN (SELECT tenant_id, key FROM due) RETURNING 1
)
SELECT (SELECT count(*) FROM keys_gone) AS keys,
       set_config('synchronous_commit', 'off', true) AS unsynced
