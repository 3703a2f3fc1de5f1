//! A question: a webhook has spoken of a connection's health, and Finch has not been asked yet.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Seq;

/// A question that is kept with its connection until Finch has been asked about every token in use. A new webhook
/// replaces it: what was asked before then does not answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The number of the commit that wrote it.
    pub number: Seq,
    /// How many times in a row Finch could not answer.
    pub failures: u32,
    /// Not before this time; none: at once.
    pub next_try: Option<Timestamp>,
}
