//! Power loss and disk errors.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what hangs"
)]

mod crew;
mod faults;
mod lies;
mod power;
