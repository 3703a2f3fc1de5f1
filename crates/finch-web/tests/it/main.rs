//! The pages, asked as a browser asks them: over a store and a Finch in memory.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and look for secrets where they must not be"
)]

mod browser;
mod callback;
mod changes;
mod connect;
mod connections;
mod disconnect;
mod faults;
mod guard;
mod host;
mod list;
mod log;
mod pages;
mod site;
mod stateless;
mod store;
mod webhook;
