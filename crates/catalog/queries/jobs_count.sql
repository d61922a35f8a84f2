-- How many jobs account $1 or zone $2 has: of dataset $3, or in all.
SELECT count(*)
FROM job
WHERE job.id IN (
        SELECT id FROM job WHERE account = $1
        UNION ALL
        SELECT id FROM job WHERE zone = $2
    )
    AND job.deleted_at IS NULL
    AND (
        $3 IS NULL
        OR $3 = (SELECT dataset FROM revision WHERE job = job.id AND revision = job.revision)
    )
