-- A record that nobody can change without being found out, rotation of keys, and when a token was last
-- handed out.
ALTER TABLE store ADD COLUMN record_head BLOB;
ALTER TABLE keys ADD COLUMN resealed INTEGER;
ALTER TABLE tokens ADD COLUMN used_at INTEGER;

ALTER TABLE events RENAME TO events_before;
CREATE TABLE events (
    id            INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    connection_id TEXT,
    customer      TEXT,
    event         TEXT    NOT NULL,
    chain         BLOB    CHECK (length(chain) = 32)
) STRICT;
INSERT INTO events (id, at, connection_id, event)
    SELECT id, unixepoch(substr(at, 1, 19)) * 1000000000 + CASE instr(at, '.') WHEN 0 THEN 0
            ELSE CAST(substr(rtrim(substr(at, 21), 'Z') || '000000000', 1, 9) AS INTEGER) END,
        handle, json_set(event, '$.connection_id', handle)
    FROM (SELECT id, event, event ->> '$.at' AS at, coalesce(event ->> '$.connection_id',
            (SELECT connection_id FROM tokens WHERE tokens.connection = events_before.connection
             ORDER BY tokens.id DESC LIMIT 1)) AS handle
        FROM events_before);
DROP TABLE events_before;
CREATE INDEX events_by_connection_id ON events (connection_id) WHERE connection_id IS NOT NULL;
CREATE INDEX events_by_customer ON events (customer) WHERE customer IS NOT NULL;
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN
    SELECT raise(ABORT, 'what happened stays');
END;
CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN
    SELECT raise(ABORT, 'what happened stays');
END;
