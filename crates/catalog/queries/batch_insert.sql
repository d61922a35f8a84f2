INSERT INTO batch (
    job, partition, first, next, revision, key, started_at, ended_at,
    records, raw_bytes, gzip_level, sealed_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
