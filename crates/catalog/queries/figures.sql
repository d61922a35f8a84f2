-- A job's figures for the hours from $2 to before $3.
SELECT *
FROM figures
WHERE job = $1 AND hour >= $2 AND hour < $3
ORDER BY hour
