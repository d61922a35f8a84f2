-- Puts a cursor at $3, whether there was one or not.
INSERT INTO cursor (job, partition, next)
VALUES ($1, $2, $3)
ON CONFLICT (job, partition) DO UPDATE SET next = excluded.next
