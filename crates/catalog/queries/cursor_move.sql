-- Moves the cursor of a job that is not deleted, from $3 to $4, if it stands at $3.
UPDATE cursor
SET next = $4
WHERE job = $1 AND partition = $2 AND next = $3 AND $3 < $4
    AND EXISTS (SELECT 1 FROM job WHERE job.id = $1 AND job.deleted_at IS NULL);
