//! What a person sees.
#![expect(clippy::expect_used, reason = "tests stop where something is not as it must be")]

mod callback;
mod down;
mod embedded;
mod embedding;
mod emulator;
mod forgery;
mod host;
mod markup;
mod steps;
mod store;
mod tabs;
