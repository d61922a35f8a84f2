-- What a job was at a revision, whether or not it is deleted.
SELECT revision.*, job.account, job.zone
FROM revision
JOIN job ON job.id = revision.job
WHERE revision.job = $1 AND revision.revision = $2
