//! The rules as they are.

use std::time::Instant;

use finch_model::{LARGE, SMALL, Variant, check};
use finch_testkit::Figures;

#[test]
fn the_rules_hold_in_every_history() {
    let (began, mut figures) = (Instant::now(), Figures::default());
    let large = std::env::var("FINCH_MODEL").is_ok_and(|size| size == "large");
    let found = check(Variant::Right, if large { LARGE } else { SMALL }, None);
    figures.add("states", found.states as u64);
    figures.report("model", began);
    let broken = found.broken.iter().map(|(name, how)| format!("{name}: {how}"));
    assert_eq!(broken.collect::<Vec<_>>(), [""; 0], "a history breaks this");
    assert_eq!(found.missing, [""; 0], "no history showed this");
}
