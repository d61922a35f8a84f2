-- The statuses that failed attempts were answered with, in the hours from $2 to before $3.
SELECT hour, status, count
FROM figures_status
WHERE job = $1 AND hour >= $2 AND hour < $3
ORDER BY hour, status
