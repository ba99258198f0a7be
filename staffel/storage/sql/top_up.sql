-- Chooses the next rows of a tier and stamps them as dispatched. The caller holds the tier's advisory lock.
-- Order: jobs whose deadline is at risk first, earliest deadline first, a bounded share of them; then tenants
-- by start-time fair queueing (Goyal, Vin, Cheng 1996), and inside a tenant by rank. The tier's clock is the last start tag served;
-- a tenant that was idle starts at the clock, so it gains no credit. The tenants' clocks are advanced here,
-- so that topping up one row at a time is as fair as a hundred.
WITH clock AS (
    SELECT coalesce(max(last_start), 0) AS at FROM tenant_tiers WHERE tier = :tier
),
starts AS (
    SELECT tenants.id AS tenant_id, tenants.weight,
           greatest(coalesce(tenant_tiers.virtual_time, 0), clock.at) AS start
    FROM tenants
    CROSS JOIN clock
    LEFT JOIN tenant_tiers ON tenant_tiers.tenant_id = tenants.id AND tenant_tiers.tier = :tier
),
urgent AS (
    SELECT id, tenant_id
    FROM jobs
    WHERE state = 'queued' AND dispatched_at IS NULL AND tier = :tier AND deadline IS NOT NULL
      AND deadline > now() AND deadline < now() + CAST(:risk AS interval)
      AND run_at <= now() AND NOT cancel_requested
    ORDER BY deadline
    LIMIT :urgent_limit
),
fair AS (
    SELECT next.id, starts.tenant_id, starts.start + (next.place - 1) / starts.weight AS start_tag
    FROM starts
    CROSS JOIN LATERAL (
        SELECT id, rank_at, row_number() OVER (ORDER BY rank_at, id) AS place
        FROM (
            SELECT id, rank_at
            FROM jobs
            WHERE state = 'queued' AND dispatched_at IS NULL AND tier = :tier AND tenant_id = starts.tenant_id
              AND run_at <= now() AND NOT cancel_requested
              AND id NOT IN (SELECT id FROM urgent)
            ORDER BY rank_at, id
            LIMIT :free
        ) AS first_rows
    ) AS next
    ORDER BY start_tag, next.rank_at, next.id
    LIMIT :free - (SELECT count(*) FROM urgent)
),
chosen AS (
    SELECT id, tenant_id, true AS urgent, NULL::float8 AS start_tag FROM urgent
    UNION ALL
    SELECT id, tenant_id, false, start_tag FROM fair
),
stamped AS (
    UPDATE jobs
    SET dispatched_at = now()
    FROM chosen
    WHERE jobs.id = chosen.id AND jobs.state = 'queued' AND jobs.dispatched_at IS NULL
    RETURNING jobs.id, jobs.tenant_id, jobs.rank_at, jobs.deadline, jobs.quarantined, chosen.urgent, chosen.start_tag
),
charged AS (
    INSERT INTO tenant_tiers (tenant_id, tier, virtual_time, last_start)
    SELECT starts.tenant_id, :tier, starts.start + count(*) / starts.weight,
           coalesce(max(stamped.start_tag), starts.start)
    FROM stamped JOIN starts ON starts.tenant_id = stamped.tenant_id
    GROUP BY starts.tenant_id, starts.start, starts.weight
    ON CONFLICT (tenant_id, tier)
        DO UPDATE SET virtual_time = excluded.virtual_time, last_start = excluded.last_start
)
SELECT id, rank_at, urgent, quarantined FROM stamped
ORDER BY urgent DESC, CASE WHEN urgent THEN deadline END, rank_at, id
