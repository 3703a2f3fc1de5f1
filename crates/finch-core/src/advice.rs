//! What to do about an error.

use std::{borrow::Cow, error::Error};

/// What the caller of an operation can do about its error. Each error states it beside its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Where the cause lies.
    pub kind: ErrorKind,
    /// The name of this very error for programs, such as `store_busy`.
    pub code: &'static str,
    /// Whether the same call may succeed later without a change by anyone.
    pub is_retryable: bool,
    /// What a person does now, as part of a sentence: lower case, no full stop.
    pub next_step: Cow<'static, str>,
}

/// Where the cause of an error lies, and so who can remove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request or the configuration is wrong: correct it.
    InvalidInput,
    /// There is no such thing, or it belongs to another customer.
    NotFound,
    /// The current state excludes the operation: another operation, or a person's decision, comes first.
    State,
    /// Work has begun and is not finished: repeat the call, or let the reconciler finish it.
    Unfinished,
    /// The store or its keys: the operator of this application acts.
    Store,
    /// Finch refused, or was not reached.
    Finch,
}

/// An error that tells its caller what to do.
pub trait Actionable: Error {
    /// The kind, the code and the next step.
    fn advice(&self) -> Advice;

    /// Where the cause lies.
    fn kind(&self) -> ErrorKind {
        self.advice().kind
    }

    /// Whether the same call may succeed later without a change by anyone.
    fn is_retryable(&self) -> bool {
        self.advice().is_retryable
    }

    /// What a person does now, as part of a sentence.
    fn next_step(&self) -> Cow<'static, str> {
        self.advice().next_step
    }
}

impl Advice {
    /// The advice of an error that stays until its cause is removed.
    pub fn new(
        kind: ErrorKind,
        code: &'static str,
        next_step: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { kind, code, is_retryable: false, next_step: next_step.into() }
    }

    /// The advice of an error that may go away by itself.
    pub fn retry(
        kind: ErrorKind,
        code: &'static str,
        next_step: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { is_retryable: true, ..Self::new(kind, code, next_step) }
    }

    /// The same for another customer's connection as for one that does not exist.
    pub fn no_such_connection() -> Self {
        let step =
            "check the connection's id and its customer; `finch connections` lists what exists";
        Self::new(ErrorKind::NotFound, "not_found", step)
    }

    /// The same with a further step.
    #[must_use]
    pub fn then(self, step: &str) -> Self {
        let next_step = match &*self.next_step {
            "" => step.to_owned(),
            first => format!("{first}; {step}"),
        };
        Self { next_step: next_step.into(), ..self }
    }
}
