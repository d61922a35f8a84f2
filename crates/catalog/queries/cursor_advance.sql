-- Moves a cursor that stands within $3..$4 behind it.
UPDATE cursor
SET next = $4
WHERE job = $1 AND partition = $2 AND $3 <= next AND next < $4
