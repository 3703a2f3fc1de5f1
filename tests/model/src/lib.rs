#![doc = include_str!("../README.md")]
#![expect(clippy::expect_used, reason = "a test crate fails by panicking")]

mod action;
mod check;
mod finch;
mod property;
mod setting;
mod step;
mod store;
mod variant;
mod work;
mod world;

pub use action::Action;
pub use check::{Found, check};
pub use setting::{Ids, LARGE, Reach, SMALL, Setting};
pub use variant::Variant;
