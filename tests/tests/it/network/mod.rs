//! Network faults, end to end: the real client and use cases, an emulator whose answers break, and its truth. A call
//! that does not arrive is one without effect.
//!
//! `FINCH_NETWORK_RANDOM` says how many random histories are run (200), `FINCH_NETWORK_SEED` with which
//! seed they begin; a failure names its seed.

#![expect(clippy::print_stdout, reason = "tests say their figures")]

mod cuts;
pub(crate) mod net;
mod random;
mod stories;

const EXCHANGE: &str = "/auth/token";
const DISCONNECT: &str = "/disconnect";
const PROOF: &str = "/introspect";
