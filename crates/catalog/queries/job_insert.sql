INSERT INTO job
    (account, zone, revision, name, kind, frequency, enabled, created_at, updated_at, changed)
VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $7, (SELECT coalesce(max(changed), 0) + 1 FROM job))
RETURNING id
