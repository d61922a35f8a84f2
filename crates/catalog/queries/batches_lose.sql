-- Undelivered batches with frames in $3..$4 are lost.
UPDATE batch INDEXED BY batch_sealed
SET state = 'lost'
WHERE job = $1 AND partition = $2 AND state = 'sealed' AND first < $4 AND next > $3
