//! `SqliteTokenStore`, against the contract of its port and on its own files.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod backup;
mod concurrency;
mod conformance;
mod damage;
mod faults;
mod files;
mod names;
mod opening;
mod rights;
mod schema;
mod secrecy;
mod support;
