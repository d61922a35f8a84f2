SELECT count(*)
FROM zone
WHERE deleted_at IS NULL
    AND ($1 IS NULL OR account = $1) AND ($2 IS NULL OR id = $2) AND ($3 IS NULL OR name = $3)
