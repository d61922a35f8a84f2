-- Open uploads with their parts: of job $1, or all.
SELECT upload.*, upload_part.number, upload_part.etag, upload_part.checksum, upload_part.bytes
FROM upload
LEFT JOIN upload_part USING (job, partition, first, upload_id)
WHERE $1 IS NULL OR upload.job = $1
ORDER BY upload.job, upload.partition, upload.first, upload.upload_id, upload_part.number
