-- The whole current schema. `migrations/` leads here step by step; a test holds the two equal.
--
-- Numbers such as `id`, `key`, `began` and `ended` come from one sequence, `store.seq`, so that they
-- tell in which order things happened. Times are nanoseconds since 1970, for people.

-- What the store is bound to, for good.
CREATE TABLE store (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    uuid      BLOB    NOT NULL CHECK (length(uuid) = 16),
    client_id TEXT    NOT NULL,
    origin    TEXT    NOT NULL,
    -- The last number of the sequence that was taken.
    seq       INTEGER NOT NULL CHECK (seq >= 0),
    -- The key-encryption key, by name, and the key of the fingerprints, wrapped with it.
    kek       TEXT    NOT NULL,
    index_key BLOB    NOT NULL,
    -- Keyed hash over the newest event.
    record_head BLOB
) STRICT;

-- The data keys, wrapped. A sealed secret names the epoch of its key.
CREATE TABLE keys (
    epoch     INTEGER PRIMARY KEY CHECK (epoch > 0),
    data_key  BLOB    NOT NULL,
    key_check BLOB    NOT NULL,
    -- How many seals are spoken for: written before they are made.
    reserved  INTEGER NOT NULL CHECK (reserved BETWEEN 0 AND 2147483647),
    -- While this key takes over from older ones: up to which token its secrets are re-sealed.
    resealed INTEGER
) STRICT;

-- When the last turn to call Finch was given, to whoever shares the store.
CREATE TABLE pace (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    turn INTEGER NOT NULL
) STRICT;

CREATE TABLE connections (
    key         INTEGER PRIMARY KEY,
    revision    INTEGER NOT NULL CHECK (revision > 0),
    provider    TEXT    NOT NULL,
    -- NULL while the connection is provisional (R4).
    company     TEXT,
    -- When it next needs work, and whether a person should look at it.
    due         INTEGER,
    attention   INTEGER NOT NULL DEFAULT 0 CHECK (attention IN (0, 1)),
    -- Which reconciler works on it, and until when nobody else does.
    lease_owner TEXT,
    lease_until INTEGER,
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
) STRICT;

CREATE UNIQUE INDEX connections_by_pair ON connections (provider, company)
    WHERE company IS NOT NULL;
CREATE INDEX connections_due ON connections (key, due) WHERE due IS NOT NULL;
CREATE INDEX connections_attention ON connections (key) WHERE attention = 1;

CREATE TABLE tokens (
    id                INTEGER PRIMARY KEY,
    -- May change (R4).
    connection        INTEGER NOT NULL REFERENCES connections (key),
    -- Never changes: the secret is sealed for it. NULL: quarantined, nobody's.
    customer          TEXT,
    connection_id     TEXT    NOT NULL,
    finch_customer_id TEXT,
    state             TEXT    NOT NULL CHECK (state IN ('active', 'unverified', 'fenced', 'retired',
                                                        'superseded', 'quarantined', 'revoked')),
    -- JSON: how we know that it is dead, and since when.
    evidence          TEXT,
    -- The keyed hash by which a token is found again. It stays.
    fingerprint       BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    -- JSON.
    products          TEXT    NOT NULL,
    status            TEXT,
    finch_token_id    TEXT,
    exchange_began    INTEGER NOT NULL,
    verified          INTEGER,
    added_at          INTEGER NOT NULL,
    -- JSON: what Finch said about it, and no query asks for.
    facts             TEXT    NOT NULL,
    -- JSON: how far its end is proven.
    progress          TEXT,
    -- When it was last handed out, to within a day.
    used_at INTEGER,
    CHECK ((state = 'revoked') = (evidence IS NOT NULL))
) STRICT;

CREATE INDEX tokens_by_connection ON tokens (connection);
CREATE INDEX tokens_by_connection_id ON tokens (connection_id, customer, connection);
CREATE INDEX tokens_by_customer ON tokens (customer, connection, state) WHERE customer IS NOT NULL;
CREATE INDEX tokens_by_finch_customer_id ON tokens (finch_customer_id)
    WHERE finch_customer_id IS NOT NULL;
-- One record per token that is not revoked, and any number of revoked ones.
CREATE UNIQUE INDEX tokens_by_fingerprint
    ON tokens (fingerprint, CASE state WHEN 'revoked' THEN id ELSE 0 END);

-- The sealed secrets, apart from what else changes about a token. Only appended, and overwritten in
-- place: rows that move leave copies of their bytes in the free space of pages, where no wiping finds
-- them, whatever `secure_delete` says.
CREATE TABLE secrets (
    token  INTEGER PRIMARY KEY REFERENCES tokens (id),
    sealed BLOB    NOT NULL
) STRICT;

-- A dead token has no secret, and stays dead.
CREATE TRIGGER tokens_die AFTER UPDATE OF state ON tokens WHEN new.state = 'revoked' BEGIN
    UPDATE secrets SET sealed = zeroblob(length(sealed)) WHERE token = new.id;
END;
CREATE TRIGGER tokens_stay_dead BEFORE UPDATE OF state ON tokens
    WHEN old.state = 'revoked' AND new.state <> 'revoked' BEGIN
    SELECT raise(ABORT, 'a revoked token stays revoked');
END;

CREATE TABLE disconnects (
    id          INTEGER PRIMARY KEY,
    connection  INTEGER NOT NULL REFERENCES connections (key),
    -- JSON: who, why, when.
    intent      TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('open', 'ended', 'merged')),
    ended       INTEGER,
    ended_at    INTEGER,
    merged_into INTEGER REFERENCES disconnects (id),
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
    id                INTEGER PRIMARY KEY,
    customer          TEXT    NOT NULL,
    finch_customer_id TEXT,
    -- Keyed hashes: neither the state nor the code is kept.
    state_hash        BLOB    NOT NULL UNIQUE CHECK (length(state_hash) = 32),
    code_hash         BLOB    CHECK (length(code_hash) = 32),
    -- JSON: the rest of what it is for.
    purpose           TEXT    NOT NULL,
    -- The exchange.
    began             INTEGER,
    began_at          INTEGER,
    outcome           TEXT    CHECK (outcome IN ('running', 'stored', 'foreign_token', 'not_sent',
                                                 'failed', 'unknown', 'cleared')),
    -- JSON: how it ended.
    ended             TEXT,
    -- When its session ends. NULL: it is not forgotten.
    expires_at        INTEGER,
    CHECK ((began IS NULL) = (code_hash IS NULL)),
    CHECK ((began IS NULL) = (began_at IS NULL)),
    CHECK ((began IS NULL) = (outcome IS NULL)),
    CHECK ((outcome IS NULL OR outcome = 'running') = (ended IS NULL))
) STRICT;

CREATE INDEX attempts_unsettled ON attempts (id) WHERE outcome IN ('running', 'unknown');
CREATE INDEX attempts_forgettable ON attempts (expires_at)
    WHERE outcome IS NULL OR outcome IN ('not_sent', 'failed', 'foreign_token', 'cleared');

-- Which customer's attempts used which customer id at Finch: outlives the attempts.
CREATE TABLE used_customer_ids (
    finch_customer_id TEXT NOT NULL,
    customer          TEXT NOT NULL,
    PRIMARY KEY (finch_customer_id, customer)
) STRICT, WITHOUT ROWID;

-- What happened. Rows are only added, each with a keyed hash over the one before and itself:
-- `store.record_head` stands for all of them. Rows from before version 3 have none.
CREATE TABLE events (
    id            INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    connection_id TEXT,
    -- Who may read it. NULL: only the operator.
    customer      TEXT,
    -- JSON: all of it.
    event         TEXT    NOT NULL,
    chain         BLOB    CHECK (length(chain) = 32)
) STRICT;

CREATE INDEX events_by_connection_id ON events (connection_id) WHERE connection_id IS NOT NULL;
CREATE INDEX events_by_customer ON events (customer) WHERE customer IS NOT NULL;
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN
    SELECT raise(ABORT, 'what happened stays');
END;
CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN
    SELECT raise(ABORT, 'what happened stays');
END;

-- Finch's webhooks, each once by its id.
CREATE TABLE webhooks (
    -- The order in which they were kept.
    number   INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,
    received INTEGER NOT NULL,
    -- What it waits for. NULL: it is done, and only its id is left, so that it is not taken again.
    awaits   TEXT    CHECK (awaits IN ('probe', 'host')),
    -- JSON: all of it.
    event    TEXT,
    CHECK ((awaits IS NULL) = (event IS NULL))
) STRICT;

CREATE INDEX webhooks_waiting ON webhooks (awaits, number) WHERE awaits IS NOT NULL;
-- What may be forgotten once it is old.
CREATE INDEX webhooks_forgettable ON webhooks (received) WHERE awaits IS NOT 'probe';
