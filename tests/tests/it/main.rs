//! User stories and invariants.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking, and compare secrets"
)]

mod audit;
mod callbacks;
mod calls;
mod history;
mod i01_equivalence;
mod i02_isolation;
mod i03_completeness;
mod i05_monotony;
mod i06_idempotence;
mod i07_no_orphan;
mod i11_customers;
mod import;
mod listings;
mod model;
mod network;
mod readme;
mod restore;
mod secrecy;
mod semantics;
mod state_machine;
mod story;
mod tampering;
mod tasks;
mod use_token;
mod webhooks;
