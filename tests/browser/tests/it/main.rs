//! What a person sees.
#![expect(clippy::expect_used, reason = "tests stop where something is not as it must be")]

mod down;
mod embedded;
mod embedding;
mod emulator;
mod forgery;
mod host;
mod problems;
mod steps;
mod tabs;
