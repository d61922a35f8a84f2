INSERT INTO revision (
    job, revision, dataset, destination, output_options, logpull_options, filter,
    filter_attack_traffic, max_upload_bytes, max_upload_interval_seconds, max_upload_records,
    created_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
