UPDATE job
SET enabled = 0, updated_at = $2, changed = (SELECT max(changed) + 1 FROM job)
WHERE id = $1
