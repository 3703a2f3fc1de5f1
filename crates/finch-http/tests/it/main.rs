//! `HttpFinch` against a server that plays a script, and against the emulator.

#![expect(clippy::disallowed_methods, reason = "tests compare secrets")]
#![expect(clippy::expect_used, clippy::panic, reason = "tests fail this way")]

mod finch;
mod server;

mod answers;
mod check;
mod coding;
mod config;
mod conformance;
mod heads;
mod log;
mod lost;
mod origin;
mod refusals;
mod repeats;
mod requests;
mod together;
mod webhook;
