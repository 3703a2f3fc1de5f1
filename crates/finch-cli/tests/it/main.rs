//! The real binary, against a local Finch that speaks the real wire format.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that can't continue panics")]

mod authority;
#[macro_use]
mod support;

mod demo;
mod emulator;

mod customers;
mod life;
mod open;

mod answers;
mod audit;
mod backup;
mod doctor;
mod import;
mod keys;
mod settings;
mod stores;
mod tls;
mod unprinted;
mod usage;
