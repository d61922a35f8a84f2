INSERT INTO upload (job, partition, first, upload_id, key, part_bytes)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
