-- Some revisions whose destination does not begin with $1: it is encrypted under an older key.
SELECT job, revision, destination
FROM revision
WHERE substr(destination, 1, 5) <> $1
LIMIT $2
