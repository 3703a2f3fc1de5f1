//! An error together with its sources, for a log.

use std::{error::Error, fmt};

/// Displays an error and each of its sources, with `: ` between them. An error of these crates displays only what
/// happened; why is in its sources.
///
/// ```
/// use finch_core::{Chain, StoreError};
///
/// let error = StoreError::Backend("the network is down".into());
/// assert_eq!(Chain(&error).to_string(), "the store failed: the network is down");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        match self.0.source() {
            Some(source) => write!(f, ": {}", Self(source)),
            None => Ok(()),
        }
    }
}
