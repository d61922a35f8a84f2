-- Adds a sealed batch, where the statement before this one moved its cursor.
INSERT INTO batch (
    job, partition, first, next, revision, key, started_at, ended_at,
    records, raw_bytes, gzip_level, sealed_at
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
WHERE changes() = 1;
