//! The emulator as its callers see it, over HTTP.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on panics")]

mod authorize;
mod bytes;
mod codes;
mod connections;
mod control;
mod effects;
mod errors;
mod faults;
mod lifecycle;
mod local;
mod sandbox;
mod sessions;
mod support;
