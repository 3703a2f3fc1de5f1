//! Many histories, on as many threads as there are cores.

use std::{ops::Range, sync::Mutex};

use finch_testkit::{Figures, share};

use crate::{Played, Variant, finch::lock, play};

/// Plays the histories of these seeds, up to the first that breaks a promise: what they reached, and that one.
///
/// # Panics
/// If a thread does.
pub fn run(seeds: Range<u64>, variant: Option<Variant>) -> (Figures, Option<Played>) {
    let figures = Mutex::<Figures>::default();
    let broken = share(seeds, |seed| {
        let played = play(seed, variant);
        lock(&figures).add_case(&played.figures);
        if played.broken.is_empty() { Ok(()) } else { Err(played) }
    });
    (figures.into_inner().expect("no thread panicked"), broken)
}
