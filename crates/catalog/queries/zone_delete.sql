-- A deleted zone leaves its name to others: no domain has an `@` in it.
UPDATE zone
SET deleted_at = $2, former_name = name, name = '@' || lower(hex(id))
WHERE id = $1
