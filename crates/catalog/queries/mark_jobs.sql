-- All jobs that are not deleted, with their cursors.
SELECT job.id, job.revision, job.enabled, cursor.partition, cursor.next
FROM job
LEFT JOIN cursor ON cursor.job = job.id
WHERE job.deleted_at IS NULL
ORDER BY job.id, cursor.partition
