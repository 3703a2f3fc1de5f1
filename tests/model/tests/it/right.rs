//! The rules as they are.

use finch_model::{LARGE, SMALL, Variant, check, report};

#[test]
fn the_rules_hold_in_every_history() {
    let large = std::env::var("FINCH_MODEL").is_ok_and(|size| size == "large");
    let found = check(Variant::Right, if large { LARGE } else { SMALL });
    report(Variant::Right, &found);
    let told: Vec<String> =
        found.broken.iter().map(|(name, how)| format!("{name}: {how}")).collect();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    assert_eq!(found.missing, [""; 0], "no history showed this");
}
