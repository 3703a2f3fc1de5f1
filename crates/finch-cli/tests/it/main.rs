//! The real binary, against a local Finch that speaks the real wire format.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that can't continue panics")]

mod authority;
#[macro_use]
mod support;

mod demo;
mod emulator;

mod life;
mod lists;
mod served;
mod shared;
mod unfinished;

mod answers;
mod attention;
mod audit;
mod backup;
mod doctor;
mod events;
mod given;
mod import;
mod import_form;
mod keys;
mod settings;
mod states;
mod stores;
mod tls;
mod unprinted;
mod usage;
