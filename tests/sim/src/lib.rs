#![doc = include_str!("../README.md")]
#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a simulation fails by panicking, and compares secrets"
)]

mod clock;
mod disk;
mod executor;
mod fault;
mod finch;
mod floors;
mod gate;
mod history;
mod host;
mod judge;
mod keys;
mod ledger;
mod op;
mod remote;
mod run;
mod store;
mod trace;
mod variant;

pub use floors::USUAL;
pub use history::{Played, play};
pub use run::run;
pub use trace::Trace;
pub use variant::Variant;

pub(crate) use history::application;
