//! What a run must reach, and how often: in so many histories of a hundred thousand.

use crate::Counts;

/// Each kind of thing, with its floor for 100,000 histories: about half of what is usual.
const FLOORS: &[(&str, u64)] = &[
    // Semantics 5: the races.
    ("arrived active", 60_000),
    ("arrived fenced", 1200),
    ("arrived unverified", 2500),
    ("arrived superseded", 60),
    ("arrived retired", 20),
    ("arrived quarantined", 1200),
    ("a disconnect reopened", 500),
    ("unverified then active", 1000),
    ("unverified then revoked", 800),
    ("unverified then fenced", 400),
    ("a late effect", 2000),
    // Identity.
    ("two connections merged", 250),
    ("a company was named late", 1200),
    ("the same token issued again", 600),
    // Semantics 4.
    ("a disconnect finished", 20_000),
    ("a request joined a disconnect", 800),
    ("active then retired", 800),
    ("retired then fenced", 250),
    ("an end at Finch was seen", 500),
    ("outcome pending", 2000),
    ("outcome already disconnected", 8000),
    ("outcome shared", 150),
    ("close", 800),
    ("sending mark found", 200),
    ("lease held by another", 5000),
    ("a token came back to its caller", 500),
    // Crash points of the exchange.
    ("crash at write claim_attempt", 400),
    ("crash after write claim_attempt", 100),
    ("crash at send exchange", 400),
    ("crash after send exchange", 100),
    ("crash at answer of exchange", 400),
    ("crash at write commit", 800),
    ("crash after write commit", 250),
    // Crash points of the disconnect.
    ("crash at read sealed", 150),
    ("crash at send disconnect", 150),
    ("crash after send disconnect", 50),
    ("crash at answer of disconnect", 150),
    ("crash at send introspect", 150),
    ("crash at answer of introspect", 150),
    ("a crash during a disconnect that takes effect late", 50),
    // Faults.
    ("lost after its effect of exchange", 2000),
    ("no answer, effect late of exchange", 1000),
    ("not connected of exchange", 1000),
    ("lost after its effect of disconnect", 300),
    ("5xx after its effect of disconnect", 80),
    ("garbage after its effect of disconnect", 40),
    ("no answer, effect late of disconnect", 300),
    ("success that takes effect late of disconnect", 100),
    ("lying success of disconnect", 300),
    ("402 of disconnect", 40),
    ("401 of another meaning of disconnect", 150),
    ("401 of another meaning of introspect", 300),
    ("401 of an unknown meaning of introspect", 80),
    ("401 of a proxy of introspect", 100),
    ("unreadable secret of sealed", 200),
    ("I/O error after the commit of commit", 300),
    ("busy of commit", 200),
    ("full of commit", 80),
    ("a clock jumps by a year", 800),
    ("files searched for secrets", 1200),
];

/// What was not reached often enough, in that many histories.
pub fn missed(counts: &Counts, histories: u64) -> Vec<String> {
    let missed = |(what, floor): &(&str, u64)| {
        let floor = floor * histories / 100_000;
        // What is rare comes less often than usual by chance alone.
        let usual = 2 * floor;
        let floor = floor.min(usual.saturating_sub(5 * usual.isqrt()));
        let count = counts.of(what);
        (count < floor).then(|| format!("{what}: {count}, and {floor} are asked for"))
    };
    FLOORS.iter().filter_map(missed).collect()
}
