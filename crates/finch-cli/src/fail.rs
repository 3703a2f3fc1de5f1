//! Failures: what happened, why, and what to do next; and how the process ends.

mod errors;
mod usage;

use std::{collections::BTreeMap, error::Error, io, path::Path};

use finch_core::{Actionable, Advice, ErrorKind, FinchApiError, RequestId};
use serde::{Serialize, Serializer};

use crate::output::{self, BAD, DIM, PLAIN, Sheet};

/// How the process ends. `finch --help` and the README have the same table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Failed, for a reason that has no code of its own.
    Failed = 1,
    /// The command line or the environment is wrong.
    Usage = 2,
    /// There is no such connection or state, or it is another customer's.
    NotFound = 3,
    /// Something is left open; `finch reconcile` continues it.
    LeftOpen = 4,
    /// The store or its key cannot be used.
    Store = 5,
    /// Finch refused, or was not reached.
    Finch = 6,
    /// The current state excludes it: a person has to decide, or to begin again.
    State = 7,
    /// Finch may have issued a token that the store does not have.
    TokenAtLarge = 8,
    /// Stopped by a signal.
    Stopped = 130,
}

impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(*self as u8)
    }
}

/// Why a command did not do what it was asked to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    /// What happened, for a program.
    pub(crate) kind: &'static str,
    /// What happened, for a person.
    pub(crate) message: String,
    /// Why, from the nearest cause to the deepest.
    pub(crate) because: Vec<String>,
    /// What to do next.
    pub(crate) help: Box<str>,
    /// Finch's request id, which its support asks for.
    pub(crate) request_id: Option<RequestId>,
    /// Where a token is kept that the store did not take.
    pub(crate) rescue_file: Option<Box<Path>>,
    /// How the process ends.
    #[serde(rename = "exit_code")]
    pub(crate) exit: Exit,
}

impl Failure {
    pub(crate) fn new(exit: Exit, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            exit,
            kind,
            message: message.into(),
            because: Vec::new(),
            help: "".into(),
            request_id: None,
            rescue_file: None,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// An error that states its advice.
    pub(crate) fn of(error: &(impl Actionable + 'static)) -> Self {
        Self::during(error.to_string(), error)
    }

    /// The same with another message, which the error is the cause of.
    pub(crate) fn during(message: impl Into<String>, error: &(impl Actionable + 'static)) -> Self {
        let Advice { kind, code, next_step, .. } = error.advice();
        let exit = match kind {
            ErrorKind::InvalidInput => Exit::Usage,
            ErrorKind::NotFound => Exit::NotFound,
            ErrorKind::State => Exit::State,
            ErrorKind::Unfinished => Exit::LeftOpen,
            ErrorKind::Store => Exit::Store,
            ErrorKind::Finch => Exit::Finch,
            _ => Exit::Failed,
        };
        Self::new(exit, code, message).because(error).help(errors::step(code, &next_step))
    }

    /// The same in the operator's and in a customer's scope, and whether or not another customer has it.
    pub(crate) fn no_such_connection() -> Self {
        Self::of(&finch_app::TokenError::NotFound)
    }

    /// A file or standard input that could not be read.
    pub(crate) fn unreadable(what: &str, path: &Path, error: &io::Error) -> Self {
        Self::usage(format!("the file {} with the {what} could not be read", path.display()))
            .because(error)
            .help("check the path, and that this user may read it")
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into().into_boxed_str();
        self
    }

    /// Adds an error and everything below it, each text once, and what Finch answered.
    pub(crate) fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            if self.because.last() != Some(&text) && self.message != text {
                self.because.push(text);
            }
            let failure = error.downcast_ref().map(FinchApiError::failure);
            if let Some(failure) = failure.filter(|_| self.request_id.is_none()) {
                let words: Vec<_> =
                    failure.name.iter().chain(&failure.finch_code).cloned().collect();
                if let (Some(status), false) = (failure.status, words.is_empty()) {
                    self.because.push(format!("Finch's answer: {status}, {}", words.join(", ")));
                }
                self.request_id = failure.request_id;
            }
            next = error.source();
        }
        self
    }

    /// Why it happened and what to do, each behind its label.
    pub(crate) fn reasons(&self) -> Vec<(&'static str, String)> {
        let labels = ["because:"].into_iter().chain(std::iter::repeat(""));
        let mut reasons: Vec<_> = labels.zip(self.because.iter().cloned()).collect();
        let request = self.request_id.as_ref();
        reasons.extend(request.map(|id| ("", format!("Finch's request id: {id}"))));
        if !self.help.is_empty() {
            reasons.push(("do:", self.help.to_string()));
        }
        reasons
    }

    /// Prints the failure on standard error.
    pub(crate) fn print(&self, json: bool) {
        let text = if json {
            output::document(&BTreeMap::from([("error", self)]), false).unwrap_or_default()
        } else {
            let mut sheet = Sheet::default();
            sheet.line(format!("{BAD}finch:{PLAIN} {}", self.message));
            for (label, text) in self.reasons() {
                sheet.line(format!("  {DIM}{label:<8}{PLAIN} {text}"));
            }
            sheet.render()
        };
        // Where standard error is closed there is no place left to report that.
        let _ = output::write(anstream::stderr().lock(), &text);
    }
}
