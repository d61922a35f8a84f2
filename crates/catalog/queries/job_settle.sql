-- Adds the batch that the statement before this one settled to its job's sums, and clears the job's
-- failure.
UPDATE job
SET
    last_complete = max(coalesce(last_complete, settled.ended_at), settled.ended_at),
    failure_at = NULL,
    failure_message = NULL,
    failure_status = NULL,
    failure_kind = NULL,
    delivered_batches = delivered_batches + 1,
    delivered_records = delivered_records + settled.records,
    delivered_raw_bytes = delivered_raw_bytes + settled.raw_bytes,
    delivered_object_bytes = delivered_object_bytes + $5
FROM (
    SELECT ended_at, records, raw_bytes
    FROM batch
    WHERE job = $1 AND partition = $2 AND first = $3
) AS settled
WHERE id = $1 AND changes() = 1;
