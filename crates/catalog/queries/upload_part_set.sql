-- A part of an upload that is open.
INSERT INTO upload_part (job, partition, first, upload_id, number, etag, checksum, bytes)
SELECT job, partition, first, upload_id, $5, $6, $7, $8
FROM upload
WHERE job = $1 AND partition = $2 AND first = $3 AND upload_id = $4
ON CONFLICT (job, partition, first, upload_id, number) DO UPDATE SET
    etag = excluded.etag,
    checksum = excluded.checksum,
    bytes = excluded.bytes
