-- Those of the numbers in the JSON array $1 that no job has or ever had.
SELECT value AS id
FROM json_each($1)
WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.id = json_each.value)
ORDER BY value
