-- Some of the events that happened last before $1.
DELETE FROM event
WHERE number IN (SELECT number FROM event WHERE at < $1 ORDER BY at LIMIT $2)
