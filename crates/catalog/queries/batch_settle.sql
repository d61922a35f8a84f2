-- A sealed batch was delivered. Says too whether its job had failed before.
UPDATE batch
SET
    state = 'delivered', delivered_at = $4, object_bytes = $5, etag = $6, attempts = $7,
    duration_millis = $8, checksum = $9
WHERE job = $1 AND partition = $2 AND first = $3 AND state = 'sealed'
RETURNING
    ended_at, records, raw_bytes,
    (SELECT failure_at IS NOT NULL FROM job WHERE id = batch.job) AS had_failed;
