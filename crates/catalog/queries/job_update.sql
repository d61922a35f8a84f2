UPDATE job
SET revision = $2, name = $3, frequency = $4, enabled = $5, updated_at = $6
WHERE id = $1
