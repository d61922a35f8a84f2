UPDATE job
SET
    revision = $2, name = $3, frequency = $4, enabled = $5, updated_at = $6,
    changed = (SELECT max(changed) + 1 FROM job)
WHERE id = $1
