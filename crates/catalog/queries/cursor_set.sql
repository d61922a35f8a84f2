UPDATE cursor
SET next = $3
WHERE job = $1 AND partition = $2
