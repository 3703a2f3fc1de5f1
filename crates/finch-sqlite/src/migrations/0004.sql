-- Finch's webhooks, each once by its id.
CREATE TABLE webhooks (
    number   INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,
    received INTEGER NOT NULL,
    awaits   TEXT    CHECK (awaits IN ('probe', 'host')),
    event    TEXT,
    CHECK ((awaits IS NULL) = (event IS NULL))
) STRICT;

CREATE INDEX webhooks_waiting ON webhooks (awaits, number) WHERE awaits IS NOT NULL;
CREATE INDEX webhooks_forgettable ON webhooks (received) WHERE awaits IS NOT 'probe';
