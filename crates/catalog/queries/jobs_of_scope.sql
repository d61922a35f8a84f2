-- Jobs of account $1 or of zone $2 that are not deleted: of dataset $3, or all.
SELECT
    job.*,
    revision.dataset,
    revision.destination,
    revision.output_options,
    revision.logpull_options,
    revision.filter,
    revision.filter_attack_traffic,
    revision.max_upload_bytes,
    revision.max_upload_interval_seconds,
    revision.max_upload_records
FROM job
JOIN revision ON revision.job = job.id AND revision.revision = job.revision
WHERE job.id IN (
        SELECT id FROM job WHERE account = $1
        UNION ALL
        SELECT id FROM job WHERE zone = $2
    )
    AND job.deleted_at IS NULL
    AND ($3 IS NULL OR revision.dataset = $3)
ORDER BY job.id
LIMIT $4 OFFSET $5
