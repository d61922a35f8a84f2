-- Some of the actions before $1.
DELETE FROM action
WHERE number IN (SELECT number FROM action WHERE at < $1 ORDER BY at LIMIT $2)
