-- Jobs that are not deleted.
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
ORDER BY job.id
