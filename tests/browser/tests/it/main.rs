//! What a person sees.

mod emulator;
mod host;
