-- Of a lane: batches that are sealed and no more, and whatever begins at $3 or later.
DELETE FROM batch
WHERE job = $1 AND partition = $2 AND (state = 'sealed' OR first >= $3)
