//! Many histories, on as many threads as there are cores.

use std::{
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use finch_testkit::Figures;

use crate::{Disk, Played, Variant, application, finch::lock, play};

/// Plays the histories of these seeds, up to the first that breaks a promise: what they reached, and that one.
///
/// # Panics
/// If a thread does.
pub fn run(seeds: Range<u64>, variant: Option<Variant>) -> (Figures, Option<Played>) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (next, stop) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let (figures, broken) = (Mutex::<Figures>::default(), Mutex::<Option<Played>>::default());
    let work = || {
        let mut disk = Disk::new(application());
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if !seeds.contains(&seed) {
                break;
            }
            let played = play(seed, variant, &mut disk);
            lock(&figures).add_case(&played.figures);
            if !played.broken.is_empty() {
                stop.store(true, Ordering::Relaxed);
                lock(&broken).get_or_insert(played);
            }
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let (figures, broken) = (figures.into_inner(), broken.into_inner());
    (figures.expect("no thread panicked"), broken.expect("no thread panicked"))
}
