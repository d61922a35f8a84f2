INSERT INTO figures (job, hour, failed_attempts)
VALUES ($1, $2, 1)
ON CONFLICT (job, hour) DO UPDATE SET failed_attempts = failed_attempts + 1
