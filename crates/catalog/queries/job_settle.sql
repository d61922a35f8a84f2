-- Adds a delivered batch to its job's sums, and clears the job's failure.
UPDATE job
SET
    last_complete = max(coalesce(last_complete, $2), $2),
    failure_at = NULL,
    failure_message = NULL,
    failure_status = NULL,
    failure_kind = NULL,
    delivered_batches = delivered_batches + 1,
    delivered_records = delivered_records + $3,
    delivered_raw_bytes = delivered_raw_bytes + $4,
    delivered_object_bytes = delivered_object_bytes + $5
WHERE id = $1
