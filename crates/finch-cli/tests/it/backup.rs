//! `finch backup` and `finch restore`.

use std::fs;

use crate::support::{Place, other_company};

/// A place with two connections, one of them disconnected after it was copied to `b.db` in this way.
fn lived(copy: impl FnOnce(&Place)) -> (Place, String, String) {
    let place = Place::new();
    let live = place.connected("acme");
    let ended = place.connected_by("beta", other_company());
    copy(&place);
    finch!(place, "disconnect {ended} --yes").code(0);
    place.rename("finch.db", "lost.db");
    (place, live, ended)
}

/// Nothing of it is handed out before Finch was asked, which knows what happened since.
fn settled(place: &Place, live: &str, ended: &str) {
    finch!(place, "token {live} --customer acme --reveal").code(7).says("finch reconcile");
    let settled = place.cli("reconcile --json").code(0).json();
    assert_eq!((&settled["verified"], &settled["refused"]), (&1.into(), &1.into()));
    place.token(live, "acme");
    finch!(place, "token {ended} --customer beta --reveal").code(7);
}

#[test]
fn what_is_backed_up_is_restored_and_settled() {
    let (place, live, ended) = lived(|place| {
        let made = place.cli("backup b.db --json").code(0).json();
        assert_eq!((&made["connections"], &made["tokens"]), (&2.into(), &2.into()));
    });
    assert!(place.is_private("b.db"));
    place.cli("restore b.db").code(0).shows("in doubt 2").shows("finch reconcile");
    settled(&place, &live, &ended);
    place.each(&[
        ("events", 0, &["olga", "restored"]),
        ("keys rotate", 0, &[]),
        ("verify", 0, &[]),
        (&format!("disconnect {live} --yes"), 0, &[]),
    ]);
}

#[test]
fn a_store_that_was_restored_by_other_means_is_put_in_doubt() {
    let (place, live, ended) = lived(|place| {
        fs::copy(place.path("finch.db"), place.path("b.db")).expect("a copy");
    });
    place.rename("b.db", "finch.db");
    place.cli("store restored").code(0).shows("in doubt 2").shows("reconcile");
    assert_eq!(place.cli("store restored --json").code(0).json()["in_doubt"], 0);
    settled(&place, &live, &ended);
}

#[test]
fn a_backup_that_cannot_be_used_says_why_and_nothing_is_overwritten() {
    let (place, ..) = lived(|place| {
        place.cli("backup b.db").code(0).shows("connections 2 tokens 2");
        let before = fs::read(place.path("b.db")).expect("a backup");
        place.each(&[
            ("backup b.db", 7, &["exists", "another path"]),
            ("restore b.db", 7, &["exists", "move the file away"]),
        ]);
        assert_eq!(fs::read(place.path("b.db")).expect("a backup"), before);
    });
    place.write("letter", "a letter to my mother");
    place.cli("keys init --key-file other.key").code(0);
    for (line, kind) in [
        ("restore no-such.db", "backup_missing"),
        ("restore letter", "store_not_a_store"),
        ("restore b.db --store-key-file other.key", "store_wrong_key"),
        ("backup new.db", "store_missing"),
    ] {
        assert_eq!(finch!(place, "{line} --json").code(5).failure()["kind"], kind);
        place.cli(line).code(5).says("do:");
        assert!(!place.path("finch.db").exists() && !place.path("finch.db.part").exists());
    }
}
