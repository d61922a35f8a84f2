-- Jobs that are not deleted: of account $1, of zone $2, or all.
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
WHERE job.deleted_at IS NULL
    AND ($1 IS NULL OR job.account = $1)
    AND ($2 IS NULL OR job.zone = $2)
ORDER BY job.id
