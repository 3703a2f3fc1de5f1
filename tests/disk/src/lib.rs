#![doc = include_str!("../README.md")]
#![cfg(unix)]
#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and compare secrets"
)]

mod disk;
mod fault;
mod ffi;
mod tape;

mod ledger;
mod witness;

mod content;
mod image;
mod replay;

mod history;
mod host;
mod judge;
mod power;
mod recover;

mod trial;

pub use disk::Lie;
pub use fault::{Fault, Kind};
pub use judge::Broken;
pub use power::images;
pub use trial::Day;
