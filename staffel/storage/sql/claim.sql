-- Claims one job for one attempt, if everything still holds: state, tier of this worker, due, not cancelled,
-- deadline not passed, data class allowed here, and a quarantined one only where it runs alone. Locks the job's row only.
-- The attempt and the intent of its first call are written by the same statement, so that no request
-- can leave without a committed row. A losing claimer finds no row: its hint was stale, doubled or forged.
-- The commit need not wait for the disk: a claim that is lost leaves the job queued, and its token is fenced.
WITH claimed AS (
    UPDATE jobs
    SET state = 'running',
        attempt = attempt + 1,
        lease_token = :lease_token,
        lease_until = now() + CAST(:lease AS interval),
        worker = :worker,
        started_at = coalesce(started_at, now())
    WHERE id = :job_id
      AND state = 'queued'
      AND tier = :tier
      AND run_at <= now()
      AND NOT cancel_requested
      AND (CAST(:alone AS boolean) OR NOT quarantined)
      AND (deadline IS NULL OR deadline > now())
      AND data_class = ANY(CAST(:data_classes AS text[]))
    RETURNING *
),
offer AS (
    -- The first model on offer for the data class whose context holds prompt and answer, or the one that is forced.
    SELECT offers.model, offers.provider
    FROM claimed,
         unnest(CAST(:offer_classes AS text[]), CAST(:offer_models AS text[]), CAST(:offer_providers AS text[]),
                CAST(:offer_contexts AS integer[]))
             WITH ORDINALITY AS offers (data_class, model, provider, context_tokens, position)
    WHERE offers.data_class = claimed.data_class
      AND (claimed.forced_model IS NULL OR offers.model = claimed.forced_model)
      AND (offers.context_tokens >= claimed.input_tokens + claimed.max_output_tokens
           OR offers.model = claimed.forced_model)
    ORDER BY offers.position
    LIMIT 1
),
opened AS (
    INSERT INTO attempts (job_id, attempt, lease_token, tier, pool, worker, outcome)
    SELECT id, attempt, lease_token, tier, :pool, :worker, 'running' FROM claimed
),
intended AS (
    INSERT INTO calls (id, job_id, attempt, purpose, provider, model, tier, pool, state,
                       estimated_input_tokens, output_limit_tokens)
    SELECT :call_id, claimed.id, claimed.attempt, 'answer', offer.provider, offer.model, claimed.tier, :pool,
           'intended', claimed.input_tokens, claimed.max_output_tokens
    FROM claimed CROSS JOIN offer
),
best AS (
    -- The best answer of earlier attempts, kept for when no better one comes.
    SELECT attempts.attempt, attempts.tier, attempts.model, attempts.answer, attempts.finish_reason,
           attempts.score, attempts.failed_checks
    FROM attempts JOIN claimed ON claimed.id = attempts.job_id
    WHERE claimed.escalations > 0 AND attempts.answer IS NOT NULL
    ORDER BY attempts.score DESC, attempts.attempt DESC
    LIMIT 1
)
SELECT claimed.id, claimed.tenant_id, claimed.batch_id, claimed.task, claimed.strategy, claimed.data_class,
       claimed.tier, claimed.forced_tier, claimed.forced_model, claimed.permitted_tiers, claimed.attempt,
       claimed.deadline, claimed.max_cost_usd, claimed.input_tokens, claimed.max_output_tokens,
       claimed.degraded_reason, claimed.quarantined, claimed.transient_failures, claimed.escalations,
       claimed.crashes, claimed.callback_url, payloads.content, payloads.options,
       extract(epoch FROM claimed.deadline - now())::float8 AS deadline_in_s,
       (SELECT coalesce(sum(amount_usd), 0) FROM costs WHERE costs.job_id = claimed.id) AS spent_usd,
       offer.model AS model, offer.provider AS provider, to_jsonb(best) AS best,
       set_config('synchronous_commit', 'off', true) AS unsynced
FROM claimed
JOIN payloads ON payloads.job_id = claimed.id
LEFT JOIN offer ON true
LEFT JOIN best ON true
