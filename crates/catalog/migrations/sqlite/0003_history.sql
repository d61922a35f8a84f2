-- Who did what, what happened to jobs, and what they did hour by hour.

-- By what customers tell that a request for their role is made for them.
ALTER TABLE account ADD COLUMN external_id TEXT NOT NULL DEFAULT '';
UPDATE account SET external_id = lower(hex(randomblob(16)));
ALTER TABLE account ADD COLUMN deleted_at INTEGER;

-- A deleted zone gives up its name: `name` becomes one that no domain has.
ALTER TABLE zone ADD COLUMN former_name TEXT;
ALTER TABLE zone ADD COLUMN deleted_at INTEGER;

-- `changed` counts the changes of all jobs: a job has the number of its newest.
ALTER TABLE job ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
UPDATE job SET changed = id;
CREATE UNIQUE INDEX job_by_change ON job (changed);
ALTER TABLE job ADD COLUMN failure_status INTEGER;
ALTER TABLE job ADD COLUMN failure_kind TEXT;
UPDATE job SET failure_kind = 'failed' WHERE failure_at IS NOT NULL;

ALTER TABLE batch ADD COLUMN duration_millis INTEGER NOT NULL DEFAULT 0;

-- The audit trail. `was` and `is_now` are JSON objects without secrets.
CREATE TABLE action (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    token   BLOB CHECK (length(token) = 16),
    name    TEXT NOT NULL,
    address TEXT,
    verb    TEXT NOT NULL,
    what    TEXT NOT NULL,
    id      TEXT NOT NULL,
    account BLOB REFERENCES account (id),
    was     TEXT,
    is_now  TEXT
) STRICT;

CREATE INDEX action_of_account ON action (account);
CREATE INDEX action_by_age ON action (at);

-- What happened to a job; repeats raise `count`.
CREATE TABLE event (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    job     INTEGER NOT NULL REFERENCES job (id),
    since   INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    status  INTEGER,
    message TEXT NOT NULL
) STRICT;

CREATE INDEX event_of_job ON event (job, at);
CREATE INDEX event_by_age ON event (at);

-- What a job did in an hour, which begins at `hour`.
CREATE TABLE figures (
    job               INTEGER NOT NULL REFERENCES job (id),
    hour              INTEGER NOT NULL,
    batches           INTEGER NOT NULL DEFAULT 0,
    failed_attempts   INTEGER NOT NULL DEFAULT 0,
    records           INTEGER NOT NULL DEFAULT 0,
    dropped_records   INTEGER NOT NULL DEFAULT 0,
    raw_bytes         INTEGER NOT NULL DEFAULT 0,
    object_bytes      INTEGER NOT NULL DEFAULT 0,
    upload_millis     INTEGER NOT NULL DEFAULT 0,
    upload_millis_max INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX figures_by_age ON figures (hour);

-- How often the attempts of an hour failed with an HTTP status.
CREATE TABLE figures_status (
    job    INTEGER NOT NULL,
    hour   INTEGER NOT NULL,
    status INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (job, hour, status),
    FOREIGN KEY (job, hour) REFERENCES figures (job, hour) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Uploads in parts that were begun and neither completed nor abandoned. Their batch may be gone.
CREATE TABLE upload (
    job        INTEGER NOT NULL REFERENCES job (id),
    partition  INTEGER NOT NULL,
    first      INTEGER NOT NULL,
    upload_id  TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    key        TEXT NOT NULL,
    part_bytes INTEGER NOT NULL,
    PRIMARY KEY (job, partition, first, upload_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload_part (
    job       INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    first     INTEGER NOT NULL,
    upload_id TEXT NOT NULL,
    number    INTEGER NOT NULL,
    etag      TEXT NOT NULL,
    checksum  TEXT,
    bytes     INTEGER NOT NULL,
    PRIMARY KEY (job, partition, first, upload_id, number),
    FOREIGN KEY (job, partition, first, upload_id)
        REFERENCES upload (job, partition, first, upload_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What a store has shown that it can do or cannot.
CREATE TABLE capability (
    place TEXT NOT NULL,
    what  TEXT NOT NULL,
    value TEXT NOT NULL,
    at    INTEGER NOT NULL,
    PRIMARY KEY (place, what)
) STRICT, WITHOUT ROWID;

CREATE INDEX capability_by_age ON capability (at);
