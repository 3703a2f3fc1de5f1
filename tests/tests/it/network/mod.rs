//! Byte-level network faults, end to end: the real client and use cases, a proxy that breaks at a byte,
//! and the emulator's truth.
//!
//! `FINCH_NETWORK_RANDOM` says how many random histories are run (200), `FINCH_NETWORK_SEED` with which
//! seed they begin; a failure names its seed.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking, and say their figures"
)]

mod count;
mod disconnect;
mod exchange;
mod net;
mod random;
mod report;
mod shapes;
