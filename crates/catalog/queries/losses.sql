-- A job's losses, newest first.
SELECT *
FROM loss
WHERE job = $1
ORDER BY given_up_at DESC, partition DESC, first DESC
