#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a target fails by panicking, and compares secrets"
)]

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

mod canary;
mod corpus;
mod http_answers;
mod mutate;
mod reached;
mod targets;

pub use corpus::{Entry, corpus};
pub use mutate::Mutator;
pub use reached::{Reached, note, take_reached};
pub use targets::{
    callback::callback, configuration::configuration, emulator_call::emulator_call,
    error_body::error_body, introspect_answer::introspect_answer, key_text::key_text,
    sealed_blob::sealed_blob, session_answer::session_answer, store_file::store_file,
    token_answer::token_answer, webhook::webhook,
};

/// Runs what waits for nothing, such as a key that is at hand.
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}

/// One function that takes any bytes and must not panic.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name; also of its folder in the corpus.
    pub name: &'static str,
    /// The function.
    pub run: fn(&[u8]),
    /// Words that a mutator inserts.
    pub words: &'static [&'static str],
    /// What a run over the corpus must reach, each at least ten times.
    pub reaches: &'static [Reached],
}

/// All of them.
pub const TARGETS: &[Target] = &[
    targets::token_answer::TARGET,
    targets::error_body::TARGET,
    targets::introspect_answer::TARGET,
    targets::session_answer::TARGET,
    targets::sealed_blob::TARGET,
    targets::key_text::TARGET,
    targets::callback::TARGET,
    targets::configuration::TARGET,
    targets::emulator_call::TARGET,
    targets::store_file::TARGET,
    targets::webhook::TARGET,
];
