//! What the crate promises, through its public interface alone.
#![expect(
    clippy::disallowed_methods,
    reason = "EXPOSE: tests compare secrets with what was sealed"
)]
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail like tests")]

#[cfg(unix)]
mod access;
mod closed;
mod document;
mod epochs;
mod key;
#[cfg(unix)]
mod keyfile;
mod keyring;
mod opening;
mod records;
mod rewrap;
mod sealing;
mod secrecy;
mod support;
mod vectors;
