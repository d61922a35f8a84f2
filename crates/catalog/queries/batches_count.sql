-- How many batches a job has, without counting the delivered ones one by one.
SELECT
    coalesce((SELECT delivered_batches FROM job WHERE id = $1), 0)
    + (SELECT count(*) FROM batch WHERE job = $1 AND state = 'sealed')
    + (SELECT count(*) FROM batch WHERE job = $1 AND state = 'lost')
