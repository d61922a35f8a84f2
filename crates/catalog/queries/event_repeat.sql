-- Event $2 of job $1 once more: kind $3, status $4, message $5, not before $6.
UPDATE event
SET at = max(at, $2), since = min(since, $7), count = count + $8
WHERE number = (
    SELECT number
    FROM event
    WHERE job = $1 AND at >= $6 AND kind = $3 AND status IS $4 AND message = $5
    ORDER BY at DESC, number DESC
    LIMIT 1
)
