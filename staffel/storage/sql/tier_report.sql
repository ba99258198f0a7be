-- A row a tier for one batch: the jobs that ended there, how long they took from submission to end, what all calls
-- on that tier spent, and what the baseline model would have charged for the same tokens.
WITH ended AS (
    SELECT tier,
           count(*) AS jobs,
           count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE degraded_reason IS NOT NULL) AS degraded,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - submitted_at)) AS p50_s,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - submitted_at)) AS p95_s
    FROM jobs
    WHERE batch_id = :batch_id AND finished_at IS NOT NULL
    GROUP BY tier
),
unverified AS (
    SELECT results.tier, count(*) AS jobs
    FROM results JOIN jobs ON jobs.id = results.job_id
    WHERE jobs.batch_id = :batch_id AND results.unverified
    GROUP BY results.tier
),
decided AS (
    -- A job counts where its latest decision sent it, wherever it ended.
    SELECT latest.tier, count(*) AS jobs
    FROM jobs
    CROSS JOIN LATERAL (
        SELECT tier FROM routing_decisions WHERE job_id = jobs.id ORDER BY decided_at DESC LIMIT 1
    ) AS latest
    WHERE jobs.batch_id = :batch_id
    GROUP BY latest.tier
),
spent AS (
    SELECT tier,
           sum(input_tokens) AS input_tokens,
           sum(output_tokens) AS output_tokens,
           sum(amount_usd) AS amount_usd,
           sum(baseline_usd) AS baseline_usd,
           count(*) FILTER (WHERE amount_usd IS NULL) AS unknown_prices,
           count(*) FILTER (WHERE baseline_usd IS NULL) AS unknown_baselines,
           count(*) AS cost_rows
    FROM costs
    WHERE batch_id = :batch_id
    GROUP BY tier
)
SELECT tier,
       coalesce(decided.jobs, 0) AS decided,
       coalesce(ended.jobs, 0) AS jobs,
       coalesce(ended.succeeded, 0) AS succeeded,
       coalesce(ended.degraded, 0) AS degraded,
       coalesce(unverified.jobs, 0) AS unverified,
       ended.p50_s::float8, ended.p95_s::float8,
       coalesce(spent.input_tokens, 0) AS input_tokens,
       coalesce(spent.output_tokens, 0) AS output_tokens,
       coalesce(spent.amount_usd, 0) AS amount_usd,
       coalesce(spent.baseline_usd, 0) AS baseline_usd,
       coalesce(spent.unknown_prices, 0) AS unknown_prices,
       coalesce(spent.unknown_baselines, 0) AS unknown_baselines,
       coalesce(spent.cost_rows, 0) AS cost_rows
FROM decided
FULL JOIN ended USING (tier)
FULL JOIN unverified USING (tier)
FULL JOIN spent USING (tier)
