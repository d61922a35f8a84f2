UPDATE job
SET failure_at = $2, failure_message = $3, failure_status = $4, failure_kind = $5
WHERE id = $1 AND deleted_at IS NULL
