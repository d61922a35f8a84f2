-- Zones of account $1, with id $2 and/or name $3, that are not deleted.
SELECT *
FROM zone
WHERE deleted_at IS NULL
    AND ($1 IS NULL OR account = $1) AND ($2 IS NULL OR id = $2) AND ($3 IS NULL OR name = $3)
ORDER BY number
LIMIT $4 OFFSET $5
