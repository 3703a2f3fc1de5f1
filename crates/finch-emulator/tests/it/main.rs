//! The emulator as its callers see it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod bytes;
mod codes;
mod connect;
mod connections;
mod control;
mod dashboard;
mod effects;
mod entities;
mod errors;
mod faults;
mod gate;
mod lifecycle;
mod local;
mod refusals;
mod sandbox;
mod server;
mod sessions;
mod support;
mod webhooks;
