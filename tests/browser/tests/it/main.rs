//! What a person sees.

#![expect(clippy::expect_used, reason = "a test that can't go on panics")]

mod emulator;
mod host;
