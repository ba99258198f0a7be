-- Ended jobs with everything they own, evenly over the days of `shape`, and some that wait to be claimed.
-- Foreign keys hold by construction and are not checked; PostgreSQL 18 for uuidv7(interval).
SET session_replication_role = replica;

INSERT INTO tenants (id) SELECT 't' || n FROM shape, generate_series(0, tenants - 1) AS n;

INSERT INTO batches (id, tenant_id, submitted_at, finished_at)
SELECT uuidv7(age), 't' || n % tenants, now() + age, now() + age
FROM shape, generate_series(1, jobs / 1000) AS n,
     LATERAL (SELECT interval '1 day' * -days * (1 - n * 1000.0 / jobs)) AS ages (age);

INSERT INTO jobs (id, tenant_id, task, strategy, data_class, priority, state, tier, submitted_at, finished_at)
SELECT uuidv7(age), 't' || n % tenants, 'summarize', 'auto', 'internal', 7,
       CASE n % 50 WHEN 0 THEN 'failed' WHEN 1 THEN 'dead' ELSE 'succeeded' END, 'fast-1.5b', now() + age, now() + age
FROM shape, generate_series(1, jobs) AS n, LATERAL (SELECT interval '1 day' * -days * (1 - n / jobs::float8)) AS ages (age);

INSERT INTO payloads (job_id, content, options)
SELECT id, jsonb_build_object('prompt', repeat('What is in this text? ', 20)), '{}' FROM jobs;

INSERT INTO routing_decisions (id, job_id, tier, task_type, language, confidence, reasons, excluded, features,
                               router_version, microseconds)
SELECT id, id, tier, 'summary', 'en', 0.9, '["the task name"]', '{}', '{"words": 100}', 'rules-1', 90 FROM jobs;

INSERT INTO attempts (job_id, attempt, lease_token, tier, pool, worker, outcome, answer, finished_at)
SELECT id, 1, id, tier, 'fast', 'fast@bench', 'succeeded', repeat('It is about this. ', 10), finished_at FROM jobs;

INSERT INTO calls (id, job_id, attempt, purpose, provider, model, tier, pool, state, estimated_input_tokens,
                   output_limit_tokens, finished_at)
SELECT id, id, 1, 'answer', 'house', 'small', tier, 'fast', 'answered', 120, 100, finished_at FROM jobs;

INSERT INTO costs (id, call_id, kind, estimated, tenant_id, job_id, attempt, task, tier, pool, provider, model,
                   input_tokens, cached_input_tokens, output_tokens)
SELECT id, id, 'booking', false, tenant_id, id, 1, task, tier, 'fast', 'house', 'small', 110, 0, 40 FROM jobs;

INSERT INTO results (job_id, attempt, tier, text, finish_reason, unverified)
SELECT id, 1, tier, repeat('It is about this. ', 10), 'stop', false FROM jobs WHERE state = 'succeeded';

INSERT INTO jobs (id, tenant_id, task, strategy, data_class, priority, state, tier, rank_at, dispatched_at)
SELECT uuidv7(), 't0', 'chat', 'auto', 'internal', 5, 'queued', 'fast-1.5b', now(), now()
FROM shape, generate_series(1, queued);

INSERT INTO payloads (job_id, content, options)
SELECT id, '{"prompt": "Say hello."}', '{}' FROM jobs WHERE state = 'queued';

VACUUM ANALYZE;
