DELETE FROM upload
WHERE job = $1 AND partition = $2 AND first = $3 AND upload_id = $4
