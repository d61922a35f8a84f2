INSERT INTO figures (job, hour, dropped_records)
VALUES ($1, $2, $3)
ON CONFLICT (job, hour) DO UPDATE SET
    dropped_records = dropped_records + excluded.dropped_records
