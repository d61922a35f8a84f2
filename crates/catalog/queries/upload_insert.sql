INSERT INTO upload (job, partition, first, upload_id, revision, key, part_bytes)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
