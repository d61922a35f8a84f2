-- The catalogue. Times are nanoseconds since the Unix epoch, ids 16 bytes, hashes 32 bytes.
-- docs/catalog.md says what the tables mean.

-- Tells a catalogue from other programs' SQLite files: `lpct` in ASCII.
PRAGMA application_id = 1819304820;

CREATE TABLE installation (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    id         TEXT NOT NULL,
    key_check  BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
    number     INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE zone (
    number     INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    account    BLOB NOT NULL REFERENCES account (id),
    name       TEXT NOT NULL UNIQUE CHECK (name = lower(name)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX zone_of_account ON zone (account);

-- Granted in an account, in a zone, or (with neither) in the whole installation.
CREATE TABLE token (
    number       INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    hash         BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    name         TEXT NOT NULL,
    permissions  TEXT NOT NULL CHECK (permissions <> ''),
    account      BLOB REFERENCES account (id),
    zone         BLOB REFERENCES zone (id),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER,
    CHECK (account IS NULL OR zone IS NULL)
) STRICT;

CREATE INDEX token_of_account ON token (account) WHERE account IS NOT NULL;
CREATE INDEX token_of_zone ON token (zone) WHERE zone IS NOT NULL;

-- AUTOINCREMENT: the number of a job is never used again. The `delivered_` columns sum up the
-- job's delivered batches.
CREATE TABLE job (
    id                     INTEGER PRIMARY KEY AUTOINCREMENT,
    account                BLOB REFERENCES account (id),
    zone                   BLOB REFERENCES zone (id),
    revision               INTEGER NOT NULL,
    name                   TEXT,
    kind                   TEXT NOT NULL,
    frequency              TEXT NOT NULL,
    enabled                INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    last_complete          INTEGER,
    failure_at             INTEGER,
    failure_message        TEXT,
    delivered_batches      INTEGER NOT NULL DEFAULT 0,
    delivered_records      INTEGER NOT NULL DEFAULT 0,
    delivered_raw_bytes    INTEGER NOT NULL DEFAULT 0,
    delivered_object_bytes INTEGER NOT NULL DEFAULT 0,
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL,
    deleted_at             INTEGER,
    CHECK ((account IS NULL) <> (zone IS NULL)),
    CHECK ((failure_at IS NULL) = (failure_message IS NULL)),
    FOREIGN KEY (id, revision) REFERENCES revision (job, revision) DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE INDEX job_of_account ON job (account) WHERE account IS NOT NULL;
CREATE INDEX job_of_zone ON job (zone) WHERE zone IS NOT NULL;

-- What a job pushed where, revision by revision. `destination` is encrypted.
CREATE TABLE revision (
    job                         INTEGER NOT NULL REFERENCES job (id),
    revision                    INTEGER NOT NULL CHECK (revision >= 1),
    dataset                     TEXT NOT NULL,
    destination                 BLOB NOT NULL,
    output_options              TEXT,
    filter                      TEXT NOT NULL,
    max_upload_bytes            INTEGER,
    max_upload_interval_seconds INTEGER,
    max_upload_records          INTEGER,
    created_at                  INTEGER NOT NULL,
    PRIMARY KEY (job, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
    job       INTEGER NOT NULL REFERENCES job (id),
    partition INTEGER NOT NULL CHECK (partition BETWEEN 0 AND 65535),
    next      INTEGER NOT NULL CHECK (next >= 0),
    PRIMARY KEY (job, partition)
) STRICT, WITHOUT ROWID;

-- The ledger: what was sealed, and what has become of it.
CREATE TABLE batch (
    job          INTEGER NOT NULL,
    partition    INTEGER NOT NULL,
    first        INTEGER NOT NULL,
    next         INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    key          TEXT NOT NULL,
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL,
    records      INTEGER NOT NULL,
    raw_bytes    INTEGER NOT NULL,
    gzip_level   INTEGER NOT NULL,
    sealed_at    INTEGER NOT NULL,
    state        TEXT NOT NULL DEFAULT 'sealed' CHECK (state IN ('sealed', 'delivered', 'lost')),
    delivered_at INTEGER,
    object_bytes INTEGER,
    etag         TEXT,
    attempts     INTEGER,
    PRIMARY KEY (job, partition, first),
    FOREIGN KEY (job, revision) REFERENCES revision (job, revision),
    FOREIGN KEY (job, partition) REFERENCES cursor (job, partition),
    CHECK (0 <= first AND first < next),
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL)),
    CHECK ((delivered_at IS NULL) = (object_bytes IS NULL)),
    CHECK ((delivered_at IS NULL) = (etag IS NULL)),
    CHECK ((delivered_at IS NULL) = (attempts IS NULL))
) STRICT, WITHOUT ROWID;

-- Small, however many batches were delivered: what recovery and the totals of lists read.
CREATE INDEX batch_sealed ON batch (job, partition, first) WHERE state = 'sealed';
CREATE INDEX batch_lost ON batch (job) WHERE state = 'lost';
-- The order of lists.
CREATE INDEX batch_by_age ON batch (job, sealed_at);

-- Frames that expired before a job could deliver them.
CREATE TABLE loss (
    job         INTEGER NOT NULL REFERENCES job (id),
    partition   INTEGER NOT NULL,
    first       INTEGER NOT NULL,
    next        INTEGER NOT NULL,
    records     INTEGER NOT NULL,
    given_up_at INTEGER NOT NULL,
    PRIMARY KEY (job, partition, first, next)
) STRICT, WITHOUT ROWID;
