-- One customer's access that ended here while others went on using the connection.
CREATE TABLE retirements (
    seq        INTEGER PRIMARY KEY,
    connection INTEGER NOT NULL REFERENCES connections (key),
    customer   TEXT    NOT NULL,
    at         INTEGER NOT NULL
) STRICT;

CREATE INDEX retirements_by_connection ON retirements (connection);

-- When the last turn to call Finch was given, to whoever shares the store.
CREATE TABLE pace (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    turn INTEGER NOT NULL
) STRICT;

CREATE INDEX connections_attention ON connections (key) WHERE attention = 1;
