-- A batch of job $1 was delivered in the hour $2.
INSERT INTO figures
    (job, hour, batches, records, raw_bytes, object_bytes, upload_millis, upload_millis_max)
VALUES ($1, $2, 1, $3, $4, $5, $6, $6)
ON CONFLICT (job, hour) DO UPDATE SET
    batches = batches + 1,
    records = records + excluded.records,
    raw_bytes = raw_bytes + excluded.raw_bytes,
    object_bytes = object_bytes + excluded.object_bytes,
    upload_millis = upload_millis + excluded.upload_millis,
    upload_millis_max = max(upload_millis_max, excluded.upload_millis_max)
