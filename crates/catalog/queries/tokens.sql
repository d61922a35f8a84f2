-- Tokens of account $1, of zone $2, or all.
SELECT *
FROM token
WHERE ($1 IS NULL OR account = $1) AND ($2 IS NULL OR zone = $2)
ORDER BY number
LIMIT $3 OFFSET $4
