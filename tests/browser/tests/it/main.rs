//! What a person sees.

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
