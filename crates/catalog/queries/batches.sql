-- A job's batches, newest first.
SELECT *
FROM batch
WHERE job = $1
ORDER BY sealed_at DESC, partition DESC, first DESC
LIMIT $2 OFFSET $3
