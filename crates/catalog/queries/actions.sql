-- Every action, newest first.
SELECT *
FROM action
ORDER BY number DESC
LIMIT $2 OFFSET $3
