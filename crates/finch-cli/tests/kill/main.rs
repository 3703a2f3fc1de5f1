//! `kill -9` of the real binary, and what the store and Finch then say.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "tests fail by panicking, and compare secrets"
)]

mod action;
mod app;
mod case;
mod end;
mod look;
mod promises;
mod run;
mod secrets;
mod stage;
mod steps;

mod keys;
mod kills;
mod proof;
mod twice;
