-- Attempts of which nothing can come any more are forgotten. Which customer used which customer id at Finch
-- is not.
ALTER TABLE attempts ADD COLUMN expires_at INTEGER;
UPDATE attempts SET expires_at = unixepoch(json_extract(purpose, '$.expires_at')) * 1000000000;

CREATE INDEX attempts_forgettable ON attempts (expires_at)
    WHERE outcome IS NULL OR outcome IN ('not_sent', 'failed', 'foreign_token', 'cleared');

CREATE TABLE used_customer_ids (
    finch_customer_id TEXT NOT NULL,
    customer          TEXT NOT NULL,
    PRIMARY KEY (finch_customer_id, customer)
) STRICT, WITHOUT ROWID;

INSERT INTO used_customer_ids (finch_customer_id, customer)
    SELECT DISTINCT finch_customer_id, customer FROM attempts WHERE finch_customer_id IS NOT NULL;
DROP INDEX attempts_by_finch_customer_id;
