//! What the targets came to see. A run that never got past the first check proves little.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// A kind of event, named after its target.
pub type Reached = &'static str;

static SEEN: Mutex<BTreeMap<Reached, u64>> = Mutex::new(BTreeMap::new());

/// Counts an event.
pub fn note(what: Reached) {
    *SEEN.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
}

/// The events since the last time, and how often each was.
pub fn take_reached() -> BTreeMap<Reached, u64> {
    std::mem::take(&mut SEEN.lock().unwrap_or_else(PoisonError::into_inner))
}
