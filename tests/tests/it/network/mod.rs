//! Byte-level network faults, end to end: the real client and use cases, a proxy that breaks at a byte,
//! and the emulator's truth.
//!
//! `FINCH_NETWORK_RANDOM` says how many random histories are run (200), `FINCH_NETWORK_SEED` with which
//! seed they begin; a failure names its seed.

#![expect(clippy::print_stdout, reason = "tests say their figures")]

mod cuts;
pub(crate) mod net;
mod random;
mod shapes;
mod stories;

const EXCHANGE: &str = "/auth/token";
const DISCONNECT: &str = "/disconnect";
const PROOF: &str = "/introspect";
