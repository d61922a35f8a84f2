-- The batches from $3 on: where the first begins, and how many are no longer just sealed.
SELECT min(first) AS first, count(*) FILTER (WHERE state <> 'sealed') AS decided
FROM batch
WHERE job = $1 AND partition = $2 AND first >= $3
