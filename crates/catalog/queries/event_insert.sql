INSERT INTO event (job, at, kind, status, message, since, count)
VALUES ($1, $2, $3, $4, $5, $7, $8)
