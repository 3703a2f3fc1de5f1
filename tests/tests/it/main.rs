//! User stories and rules, end to end.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "tests fail by panicking, and compare secrets"
)]

mod audit;
mod callbacks;
mod calls;
mod import;
mod keys;
mod listings;
mod model;
mod network;
mod restore;
mod secrecy;
mod semantics;
mod story;
mod tampering;
mod types;
mod use_token;
mod webhooks;
