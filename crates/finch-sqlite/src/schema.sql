-- The schema. A store is refused where its own differs in a letter (`schema.rs`); comments are left out there.
--
-- Numbers such as `id`, `key`, `began` and `ended` come from one sequence, `store.seq`, so that they
-- tell in which order things happened. Times are nanoseconds since 1970, for people.

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

CREATE TABLE connections (
    key           INTEGER PRIMARY KEY,
    revision      INTEGER NOT NULL CHECK (revision > 0),
    provider      TEXT    NOT NULL,
    -- NULL while the connection is provisional (R4).
    company       TEXT,
    -- When it next needs work, and whether it needs a person.
    due           INTEGER,
    attention     INTEGER NOT NULL CHECK (attention IN (0, 1)),
    -- JSON: what a webhook leaves to ask, and when.
    question      TEXT,
    question_due  INTEGER,
    -- How far the record of its events goes.
    record_events INTEGER NOT NULL CHECK (record_events >= 0),
    record_hash   BLOB    NOT NULL CHECK (length(record_hash) = 32),
    CHECK ((question IS NULL) = (question_due IS NULL))
) STRICT;

CREATE UNIQUE INDEX connections_by_pair ON connections (company, provider)
    WHERE company IS NOT NULL;
CREATE INDEX connections_due ON connections (key, due) WHERE due IS NOT NULL;
CREATE INDEX connections_question ON connections (key, question_due)
    WHERE question_due IS NOT NULL;
CREATE INDEX connections_attention ON connections (key) WHERE attention = 1;

CREATE TABLE tokens (
    id                INTEGER PRIMARY KEY,
    -- May change (R4).
    connection        INTEGER NOT NULL REFERENCES connections (key),
    -- NULL: quarantined, no customer's.
    customer          TEXT,
    state             TEXT    NOT NULL CHECK (state IN ('active', 'unverified', 'fenced', 'retired',
                                                        'superseded', 'quarantined', 'revoked')),
    -- JSON: the last state with its evidence.
    revoked           TEXT,
    -- The keyed hash by which a token is found again. It stays.
    fingerprint       BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    status            TEXT,
    finch_token_id    TEXT,
    exchange_began    INTEGER NOT NULL,
    verified          INTEGER,
    added_at          INTEGER NOT NULL,
    -- JSON: what Finch said about it, and what of that is searched for or handed out.
    facts             TEXT    NOT NULL,
    connection_id     TEXT    NOT NULL,
    finch_customer_id TEXT,
    products          TEXT    NOT NULL,
    -- JSON: how far its end is proven.
    progress          TEXT    NOT NULL,
    -- Whether it was ever handed out.
    handed_out        INTEGER NOT NULL CHECK (handed_out IN (0, 1)),
    CHECK ((state = 'revoked') = (revoked IS NOT NULL))
) STRICT;

CREATE INDEX tokens_by_connection ON tokens (connection);
CREATE INDEX tokens_by_connection_id ON tokens (connection_id, customer, connection);
CREATE INDEX tokens_by_customer ON tokens (customer, connection, state) WHERE customer IS NOT NULL;
CREATE INDEX tokens_by_finch_customer_id ON tokens (finch_customer_id)
    WHERE finch_customer_id IS NOT NULL;
-- One record per token that is not revoked, and any number of revoked ones.
CREATE UNIQUE INDEX tokens_by_fingerprint
    ON tokens (fingerprint, CASE state WHEN 'revoked' THEN id ELSE 0 END);
CREATE TRIGGER tokens_stay_dead BEFORE UPDATE OF state ON tokens
    WHEN old.state = 'revoked' AND new.state <> 'revoked' BEGIN
    SELECT raise(ABORT, 'a revoked token stays revoked');
END;

-- When tokens were last handed out, to within a day: no commit says it, and none takes it back.
CREATE TABLE token_uses (
    token   INTEGER PRIMARY KEY REFERENCES tokens (id),
    used_at INTEGER NOT NULL
) STRICT;

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
    id          INTEGER PRIMARY KEY,
    connection  INTEGER NOT NULL REFERENCES connections (key),
    -- JSON: who, why, when.
    intent      TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('open', 'ended', 'merged')),
    ended       INTEGER,
    ended_at    INTEGER,
    merged_into INTEGER REFERENCES disconnects (id),
    -- JSON: the tokens that it has fenced.
    fenced      TEXT    NOT NULL,
    CHECK ((state = 'ended') = (ended IS NOT NULL)),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CHECK ((state = 'merged') = (merged_into IS NOT NULL))
) STRICT;

CREATE INDEX disconnects_by_connection ON disconnects (connection);
CREATE UNIQUE INDEX disconnects_open ON disconnects (connection) WHERE state = 'open';

-- One customer's access that ended here while others went on using the connection.
CREATE TABLE retirements (
    seq        INTEGER PRIMARY KEY,
    connection INTEGER NOT NULL REFERENCES connections (key),
    customer   TEXT    NOT NULL,
    at         INTEGER NOT NULL
) STRICT;

CREATE INDEX retirements_by_connection ON retirements (connection);

CREATE TABLE attempts (
    id         INTEGER PRIMARY KEY,
    -- Keyed hashes: neither the state nor the code is kept.
    state      BLOB    NOT NULL UNIQUE CHECK (length(state) = 32),
    code       BLOB    CHECK (length(code) = 32),
    -- JSON: what it is for, and what of that is searched for.
    purpose    TEXT    NOT NULL,
    customer   TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    -- The exchange.
    began      INTEGER,
    began_at   INTEGER,
    outcome    TEXT    CHECK (outcome IN ('running', 'stored', 'foreign_token', 'not_sent',
                                          'failed', 'unknown', 'cleared')),
    -- JSON: how it ended.
    ended      TEXT,
    CHECK ((began IS NULL) = (code IS NULL)),
    CHECK ((began IS NULL) = (began_at IS NULL)),
    CHECK ((began IS NULL) = (outcome IS NULL)),
    CHECK ((outcome IS NULL OR outcome = 'running') = (ended IS NULL))
) STRICT;

CREATE INDEX attempts_unsettled ON attempts (id) WHERE outcome IN ('running', 'unknown');
CREATE INDEX attempts_forgettable ON attempts (expires_at)
    WHERE outcome IS NULL OR outcome IN ('not_sent', 'failed', 'foreign_token', 'cleared');

-- What happened. Rows are only added.
CREATE TABLE events (
    -- The number of its commit, and its place in that.
    number        INTEGER NOT NULL,
    place         INTEGER NOT NULL,
    -- Whose record it is part of, absorbed since perhaps. NULL: the store's own.
    connection    INTEGER,
    -- JSON: all of it, and what of that is searched for.
    event         TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    connection_id TEXT,
    -- Who may read it. NULL: only the operator.
    customer      TEXT,
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

-- Which instance works on a connection, and until when no other one does.
CREATE TABLE leases (
    connection INTEGER PRIMARY KEY REFERENCES connections (key) ON DELETE CASCADE,
    owner      TEXT    NOT NULL,
    until      INTEGER NOT NULL
) STRICT;

-- The time of the last turn to call Finch, of all processes that share the store.
CREATE TABLE pace (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    turn INTEGER NOT NULL
) STRICT;
