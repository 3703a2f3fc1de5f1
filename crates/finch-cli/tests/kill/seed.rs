//! Everything random in these tests follows from a seed.

use std::env;

/// A number in the environment, or this one.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text.parse().expect("FINCH_KILLS and FINCH_SEED are numbers"),
        Err(_) => default,
    }
}

/// From which everything follows: `FINCH_SEED`, or `FINCH_SEED_BASE`, or 1.
pub(crate) fn seed() -> u64 {
    setting("FINCH_SEED", setting("FINCH_SEED_BASE", 1))
}
