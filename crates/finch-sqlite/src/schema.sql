-- The schema. A store is refused where its own differs in a letter (`schema.rs`); comments are left out there.
--
-- A row is kept whole, as JSON. What of it is searched for or handed out is a column that SQLite makes of it.
-- Numbers such as `id` and `key` come from one sequence, `store.seq`, so that they tell in which order things
-- happened. Times in columns are nanoseconds since 1970.

-- What the store is, and its key ring.
CREATE TABLE store (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    uuid            BLOB    NOT NULL CHECK (length(uuid) = 16),
    -- The application that the store is bound to, for good.
    client_id       TEXT    NOT NULL,
    origin          TEXT    NOT NULL,
    -- The last number of the sequence that was taken.
    seq             INTEGER NOT NULL CHECK (seq >= 0),
    -- 0: there is no key ring yet.
    keyring_version INTEGER NOT NULL CHECK (keyring_version >= 0),
    -- The wrapped keys: opaque here.
    keyring         BLOB    NOT NULL,
    -- No secret is sealed with an older data key.
    oldest_epoch    INTEGER NOT NULL CHECK (oldest_epoch >= 0),
    -- How far the record of the events goes that belong to no connection.
    record_events   INTEGER NOT NULL CHECK (record_events >= 0),
    record_hash     BLOB    NOT NULL CHECK (length(record_hash) = 32)
) STRICT;

-- The time of the last turn to call Finch, of all processes that share the store.
CREATE TABLE pace (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    turn INTEGER NOT NULL
) STRICT;

CREATE TABLE connections (
    key          INTEGER PRIMARY KEY CHECK (key = row ->> '$.key'),
    revision     INTEGER NOT NULL CHECK (revision > 0),
    row          TEXT    NOT NULL,
    provider     TEXT    NOT NULL AS (row ->> '$.provider') STORED,
    -- NULL while the connection is provisional (R4).
    company      TEXT    AS (row ->> '$.company') STORED,
    -- When it next needs work, when Finch is to be asked, and whether it needs a person.
    due          INTEGER,
    question_due INTEGER,
    attention    INTEGER NOT NULL CHECK (attention IN (0, 1)),
    -- Which instance works on it, and until when no other one does. No commit says it, and none takes it back.
    lease_owner  TEXT,
    lease_until  INTEGER,
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
) STRICT;

CREATE UNIQUE INDEX connections_by_pair ON connections (company, provider)
    WHERE company IS NOT NULL;
CREATE INDEX connections_due ON connections (key, due) WHERE due IS NOT NULL;
CREATE INDEX connections_question ON connections (key, question_due)
    WHERE question_due IS NOT NULL;
CREATE INDEX connections_attention ON connections (key) WHERE attention = 1;

CREATE TABLE tokens (
    id                INTEGER PRIMARY KEY CHECK (id = row ->> '$.id'),
    -- May change (R4).
    connection        INTEGER NOT NULL REFERENCES connections (key),
    row               TEXT    NOT NULL,
    -- NULL: quarantined, no customer's.
    customer          TEXT    AS (row ->> '$.customer') STORED,
    state             TEXT    NOT NULL AS (row ->> '$.state.state') STORED,
    -- The keyed hash by which a token is found again. It stays.
    fingerprint       BLOB    NOT NULL AS (unhex(row ->> '$.fingerprint')) STORED
                              CHECK (length(fingerprint) = 32),
    status            TEXT    AS (row ->> '$.status') STORED,
    connection_id     TEXT    NOT NULL AS (row ->> '$.facts.connection_id') STORED,
    finch_customer_id TEXT    AS (row ->> '$.facts.finch_customer_id') STORED,
    products          TEXT    NOT NULL AS (row -> '$.facts.products') STORED,
    -- When it was last handed out, to within a day. No commit says it, and none takes it back.
    used_at           INTEGER
) STRICT;

CREATE INDEX tokens_by_connection ON tokens (connection);
CREATE INDEX tokens_by_connection_id ON tokens (connection_id, customer, connection);
CREATE INDEX tokens_by_customer ON tokens (customer, connection, state) WHERE customer IS NOT NULL;
CREATE INDEX tokens_by_finch_customer_id ON tokens (finch_customer_id)
    WHERE finch_customer_id IS NOT NULL;
-- One record per token that is not revoked, and any number of revoked ones.
CREATE UNIQUE INDEX tokens_by_fingerprint
    ON tokens (fingerprint, CASE state WHEN 'revoked' THEN id ELSE 0 END);
CREATE TRIGGER tokens_stay_dead BEFORE UPDATE OF row ON tokens
    WHEN old.state = 'revoked' AND new.row ->> '$.state.state' IS NOT 'revoked' BEGIN
    SELECT raise(ABORT, 'a revoked token stays revoked');
END;

-- The sealed secrets. Only appended, and overwritten in place: rows that grow make SQLite move their
-- neighbours, which leaves copies of their bytes in the free space of pages, whatever `secure_delete` says.
CREATE TABLE secrets (
    token  INTEGER PRIMARY KEY REFERENCES tokens (id),
    -- The number of the data key, big-endian: an integer's length would change with its value. Zeros: wiped.
    epoch  BLOB    NOT NULL CHECK (length(epoch) = 4),
    sealed BLOB    NOT NULL
) STRICT;

CREATE INDEX secrets_by_epoch ON secrets (epoch) WHERE epoch > x'00000000';

CREATE TABLE disconnects (
    id         INTEGER PRIMARY KEY CHECK (id = row ->> '$.id'),
    connection INTEGER NOT NULL REFERENCES connections (key),
    row        TEXT    NOT NULL,
    is_open    INTEGER NOT NULL AS (row ->> '$.state' = 'open') STORED
) STRICT;

CREATE INDEX disconnects_by_connection ON disconnects (connection);
CREATE UNIQUE INDEX disconnects_open ON disconnects (connection) WHERE is_open = 1;

-- One customer's access that ended here while others went on using the connection.
CREATE TABLE retirements (
    id         INTEGER PRIMARY KEY CHECK (id = row ->> '$.seq'),
    connection INTEGER NOT NULL REFERENCES connections (key),
    row        TEXT    NOT NULL
) STRICT;

CREATE INDEX retirements_by_connection ON retirements (connection);

CREATE TABLE attempts (
    id             INTEGER PRIMARY KEY CHECK (id = row ->> '$.id'),
    -- Keyed hashes: neither the state nor the code is kept.
    state          BLOB    NOT NULL UNIQUE CHECK (length(state) = 32),
    code           BLOB    CHECK (length(code) = 32),
    row            TEXT    NOT NULL,
    customer       TEXT    NOT NULL AS (row ->> '$.purpose.customer') STORED,
    -- Whether its exchange is, or may become, a possible orphan.
    unsettled      INTEGER NOT NULL CHECK (unsettled IN (0, 1)),
    -- From when on it may be forgotten.
    forgettable_at INTEGER,
    CHECK ((code IS NULL) = (row ->> '$.exchange.began' IS NULL))
) STRICT;

CREATE INDEX attempts_unsettled ON attempts (customer) WHERE unsettled = 1;
CREATE INDEX attempts_forgettable ON attempts (forgettable_at) WHERE forgettable_at IS NOT NULL;

-- What happened. Rows are only added.
CREATE TABLE events (
    -- The number of its commit, and its place in that.
    number        INTEGER NOT NULL,
    place         INTEGER NOT NULL,
    -- Whose record it is part of, absorbed since perhaps. NULL: the store's own.
    connection    INTEGER,
    row           TEXT    NOT NULL,
    connection_id TEXT    AS (row ->> '$.connection_id') STORED,
    -- Who may read it. NULL: only the operator.
    customer      TEXT    AS (row ->> '$.customer') STORED,
    PRIMARY KEY (number, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX events_by_connection_id ON events (connection_id) WHERE connection_id IS NOT NULL;
CREATE INDEX events_by_customer ON events (customer) WHERE customer IS NOT NULL;
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN
    SELECT raise(ABORT, 'what happened stays');
END;
CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN
    SELECT raise(ABORT, 'what happened stays');
END;
