DELETE FROM batch
WHERE job = $1 AND partition = $2 AND first >= $3
