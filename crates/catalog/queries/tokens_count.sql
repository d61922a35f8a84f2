SELECT count(*)
FROM token
WHERE ($1 IS NULL OR account = $1) AND ($2 IS NULL OR zone = $2)
