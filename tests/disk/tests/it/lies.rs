//! The test of the test: a disk that lies about syncs loses what was acknowledged, and that is seen.

use finch_test_disk::{Broken, IMAGES_OF_ONE, Lie, Reached, images};

/// What is found when the disk lies, in up to so many histories: the first three.
fn found(lie: Lie, histories: u64) -> Vec<String> {
    let look = |seed| images(seed, IMAGES_OF_ONE, lie, &mut Reached::new()).err();
    (1..=histories).filter_map(look).map(|Broken(what)| what).take(3).collect()
}

#[test]
fn a_disk_that_lies_about_sync_is_caught() {
    for lie in [Lie::All, Lie::Log, Lie::Database] {
        let found = found(lie, 20);
        assert_eq!(found.len(), 3, "{lie:?}: {found:#?}");
        // Without its log's syncs a store forgets what it has acknowledged; without the database's it
        // is damaged, too.
        if lie != Lie::Database {
            let lost = |what: &String| what.contains("acknowledged writes are lost");
            assert!(found.iter().any(lost), "{lie:?}: no lost write is seen: {found:#?}");
        }
    }
}
