-- The actions of account $1, newest first.
SELECT *
FROM action
WHERE account = $1
ORDER BY number DESC
LIMIT $2 OFFSET $3
