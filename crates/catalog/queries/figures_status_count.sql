INSERT INTO figures_status (job, hour, status, count)
VALUES ($1, $2, $3, 1)
ON CONFLICT (job, hour, status) DO UPDATE SET count = count + 1
