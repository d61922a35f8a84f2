INSERT INTO action (at, token, name, address, verb, what, id, account, was, is_now)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
