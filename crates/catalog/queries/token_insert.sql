INSERT INTO token (
    id, hash, name, permissions, account, zone, created_at, expires_at, last_used_at, revoked_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING
