//! What a person sees.
#![expect(clippy::expect_used, reason = "tests stop where something is not as it must be")]

mod callback;
mod down;
mod embedded;
mod embedding;
mod emulator;
mod foreign;
mod forgery;
mod host;
mod http;
mod markup;
mod renewal;
mod steps;
mod store;
mod tabs;
mod webhook;
