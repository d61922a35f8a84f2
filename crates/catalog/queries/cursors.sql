-- The cursors of all jobs that are not deleted.
SELECT cursor.*
FROM cursor
JOIN job ON job.id = cursor.job
WHERE job.deleted_at IS NULL
ORDER BY cursor.job, cursor.partition
