-- Adds the batch whose job the statement before this one changed to the hour $10.
INSERT INTO figures
    (job, hour, batches, records, raw_bytes, object_bytes, upload_millis, upload_millis_max)
SELECT $1, $10, 1, records, raw_bytes, $5, $8, $8
FROM batch
WHERE job = $1 AND partition = $2 AND first = $3 AND changes() = 1
ON CONFLICT (job, hour) DO UPDATE SET
    batches = batches + 1,
    records = records + excluded.records,
    raw_bytes = raw_bytes + excluded.raw_bytes,
    object_bytes = object_bytes + excluded.object_bytes,
    upload_millis = upload_millis + excluded.upload_millis,
    upload_millis_max = max(upload_millis_max, excluded.upload_millis_max);
