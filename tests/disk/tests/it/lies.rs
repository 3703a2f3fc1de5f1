//! The test of the test: a disk that lies about syncs loses what was acknowledged, and that is seen.

use finch_test_disk::{Broken, Lie, images};
use finch_testkit::Figures;

/// Whether acknowledged writes are lost, and not only the store damaged.
fn is_loss(what: &str) -> bool {
    what.contains("acknowledged writes are lost")
}

/// What is found when the disk lies, in up to so many histories: the first three, and more until one is a loss
/// where there must be one.
fn found(lie: Lie, histories: u64) -> Vec<String> {
    let mut found = Vec::new();
    for seed in 1..=histories {
        let broken = images(seed, lie, &mut Figures::default()).err();
        found.extend(broken.map(|Broken(what)| what));
        if found.len() >= 3 && (lie == Lie::Database || found.iter().any(|what| is_loss(what))) {
            break;
        }
    }
    found
}

#[test]
fn a_disk_that_lies_about_sync_is_caught() {
    for lie in [Lie::All, Lie::Log, Lie::Database] {
        let found = found(lie, 40);
        assert!(found.len() >= 3, "{lie:?}: {found:#?}");
        // Without its log's syncs a store forgets what it has acknowledged; without the database's it
        // is damaged, too.
        let is_seen = lie == Lie::Database || found.iter().any(|what| is_loss(what));
        assert!(is_seen, "{lie:?}: no lost write is seen: {found:#?}");
    }
}
