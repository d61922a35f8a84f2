-- A job's batches from one on, by partition and first frame.
SELECT *
FROM batch
WHERE job = $1 AND (partition, first) >= ($2, $3)
ORDER BY partition, first
LIMIT $4
