-- A sealed batch was delivered.
UPDATE batch
SET state = 'delivered', delivered_at = $4, object_bytes = $5, etag = $6, attempts = $7
WHERE job = $1 AND partition = $2 AND first = $3 AND state = 'sealed'
RETURNING ended_at, records, raw_bytes
