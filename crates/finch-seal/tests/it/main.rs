//! What the crate promises, through its public interface alone.
#![expect(
    clippy::disallowed_methods,
    reason = "EXPOSE: tests compare secrets with what was sealed"
)]
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail like tests")]

mod access;
mod epochs;
mod key;
mod keyfile;
mod keyring;
mod opening;
mod sealing;
mod secrecy;
mod support;
mod vectors;
