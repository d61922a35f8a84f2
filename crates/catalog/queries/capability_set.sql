INSERT INTO capability (place, what, value, at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (place, what) DO UPDATE SET value = excluded.value, at = excluded.at
