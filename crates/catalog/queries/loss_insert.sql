INSERT INTO loss (job, partition, first, next, records, given_up_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
