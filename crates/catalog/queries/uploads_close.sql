-- Closes the uploads of batch ($1, $2, $3), where the statement before this one counted it, but not
-- those of an earlier one that began there.
DELETE FROM upload
WHERE job = $1 AND partition = $2 AND first = $3
    AND revision = (
        SELECT revision FROM batch WHERE job = $1 AND partition = $2 AND first = $3
    )
    AND changes() = 1;
