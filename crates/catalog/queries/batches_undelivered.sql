-- Sealed batches of job $1, or of all jobs that are not deleted.
SELECT batch.*
FROM batch
JOIN job ON job.id = batch.job
WHERE batch.state = 'sealed'
    AND (batch.job = $1 OR ($1 IS NULL AND job.deleted_at IS NULL))
ORDER BY batch.job, batch.partition, batch.first
