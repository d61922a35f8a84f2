-- A job's events, newest first.
SELECT *
FROM event
WHERE job = $1
ORDER BY at DESC, number DESC
LIMIT $2 OFFSET $3
