-- Some of the hours before $1.
DELETE FROM figures
WHERE (job, hour) IN (SELECT job, hour FROM figures WHERE hour < $1 ORDER BY hour LIMIT $2)
