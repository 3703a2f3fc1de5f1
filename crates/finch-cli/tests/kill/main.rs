//! `kill -9` of the real binary, and what the store and Finch then say.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking, compare secrets, and print their figures"
)]

mod action;
mod app;
mod case;
mod end;
mod figures;
mod kill;
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
