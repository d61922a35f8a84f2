-- The newest $1 capabilities stay.
DELETE FROM capability
WHERE (place, what) IN (
    SELECT place, what FROM capability ORDER BY at DESC, place, what LIMIT -1 OFFSET $1
)
