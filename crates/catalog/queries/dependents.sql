-- What depends on account $1 or on zone $2.
SELECT
    (SELECT count(*) FROM zone WHERE account = $1 AND deleted_at IS NULL) AS zones,
    (SELECT count(*) FROM job WHERE (account = $1 OR zone = $2) AND deleted_at IS NULL) AS jobs,
    (SELECT count(*) FROM token WHERE (account = $1 OR zone = $2) AND revoked_at IS NULL)
        AS tokens
