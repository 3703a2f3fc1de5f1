//! `SqliteTokenStore`, against the contract of its port and on its own files.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

mod conformance;
mod support;
