#![doc = include_str!("../README.md")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "for tests, which panic where they can't go on, and say why they did not run"
)]

mod browser;
mod driver;
mod page;
mod session;

pub use browser::{Browser, Mode};
pub use driver::Driver;
pub use page::Tab;
