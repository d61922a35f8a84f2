-- Of account $1 (or of none) the newest $2 actions stay.
DELETE FROM action
WHERE account IS $1
    AND number <= (
        SELECT number FROM action WHERE account IS $1 ORDER BY number DESC LIMIT 1 OFFSET $2
    )
