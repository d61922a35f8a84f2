-- Of job $1 the newest $2 events stay.
DELETE FROM event
WHERE number IN (
    SELECT number FROM event WHERE job = $1 ORDER BY at DESC, number DESC LIMIT -1 OFFSET $2
)
