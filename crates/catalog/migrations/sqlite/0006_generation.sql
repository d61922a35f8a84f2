-- Counts what was decided and delivered, so that an older copy of the catalogue is known by its
-- number. Triggers count, so that no statement can forget to.

ALTER TABLE installation ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER generation_of_decisions AFTER INSERT ON action
BEGIN
    UPDATE installation SET generation = generation + 1;
END;

CREATE TRIGGER generation_of_beginnings AFTER INSERT ON cursor
BEGIN
    UPDATE installation SET generation = generation + 1;
END;

CREATE TRIGGER generation_of_seals AFTER UPDATE OF next ON cursor
BEGIN
    UPDATE installation SET generation = generation + 1;
END;

CREATE TRIGGER generation_of_deliveries AFTER UPDATE OF state ON batch
BEGIN
    UPDATE installation SET generation = generation + 1;
END;
