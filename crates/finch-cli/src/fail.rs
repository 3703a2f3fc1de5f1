//! Failures: what happened, why, and what to do next; and how the process ends.

mod backup;
mod connect;
mod finch;
mod input;
mod keys;
mod run;
mod store;
mod usage;

pub(crate) use backup::unusable_backup;
pub(crate) use finch::{finch_failed, what_to_do};
pub(crate) use keys::not_a_key;
pub(crate) use run::run_stopped;
pub(crate) use store::store_failed;

use std::{error::Error, io, path::Path};

use finch_core::RequestId;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::output::{self, Sheet, bad, dim};

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
    /// Something is left open; `finch reconcile` goes on with it.
    LeftOpen = 4,
    /// The store or its key cannot be used.
    Store = 5,
    /// Finch refused, or was not reached.
    Finch = 6,
    /// Not as things stand: a person has to decide, or to begin again.
    Standing = 7,
    /// Finch may have issued a token that the store does not have.
    TokenAtLarge = 8,
    /// Stopped by a signal.
    Stopped = 130,
}

/// Why a command did not do what it was asked to.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// How the process ends.
    pub(crate) exit: Exit,
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

    /// The same in the operator's and in a customer's scope, and whether or not it is somebody
    /// else's.
    pub(crate) fn no_such_connection() -> Self {
        Self::new(Exit::NotFound, "not_found", "there is no such connection")
            .help("`finch connections` lists those that there are")
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into().into_boxed_str();
        self
    }

    /// Adds an error and everything below it, each text once.
    pub(crate) fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            if self.because.last() != Some(&text) && self.message != text {
                self.because.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Prints the failure on standard error.
    pub(crate) fn print(&self, json: bool) {
        let text = if json {
            output::document(&Wrapped { error: self }, false).unwrap_or_default()
        } else {
            let mut sheet = Sheet::default();
            sheet.line(format!("{} {}", bad("finch:"), self.message));
            for (at, cause) in self.because.iter().enumerate() {
                let label = if at == 0 { "  because:" } else { "          " };
                sheet.line(format!("{} {cause}", dim(label)));
            }
            if let Some(id) = &self.request_id {
                sheet.line(format!("           Finch's request id: {id}"));
            }
            if !self.help.is_empty() {
                sheet.line(format!("{} {}", dim("  do:     "), self.help));
            }
            sheet.render()
        };
        // Nobody is left to hear that this failed.
        let _ = output::write(anstream::stderr().lock(), &text);
    }
}

#[derive(Serialize)]
struct Wrapped<'a> {
    error: &'a Failure,
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut error = to.serialize_struct("Failure", 7)?;
        error.serialize_field("kind", self.kind)?;
        error.serialize_field("message", &self.message)?;
        error.serialize_field("because", &self.because)?;
        error.serialize_field("help", &self.help)?;
        error.serialize_field("request_id", &self.request_id)?;
        error.serialize_field("rescue_file", &self.rescue_file)?;
        error.serialize_field("exit_code", &(self.exit as u8))?;
        error.end()
    }
}

impl Failure {
    /// A command has done its work, and could not print it: the process ends with what was done.
    pub(crate) fn not_printed(exit: Exit, error: &io::Error) -> Self {
        Self::new(exit, "output", "the output could not be written; what was done stays done")
            .because(error)
            .help("look with `finch connections --all` and `finch events`")
    }
}

/// What was to be shown could not be.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Exit::Failed, "output", "the output could not be written")
            .because(&error)
            .help("give another place for the output, then run the same again")
    }
}
