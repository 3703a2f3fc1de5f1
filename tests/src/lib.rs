#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and compare secrets"
)]

mod step;
mod world;

pub use step::{Step, steps};
pub use world::{Ended, StoreDebug, TestSystem, World, customer, operator};

/// How many histories a property is tested over: `PROPTEST_CASES`, or 1,000.
pub fn cases() -> proptest::test_runner::Config {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1000);
    proptest::test_runner::Config {
        cases,
        failure_persistence: None,
        ..Default::default()
    }
}
