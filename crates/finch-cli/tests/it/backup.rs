//! `finch backup` and `finch restore`.

use std::{fs, os::unix::fs::PermissionsExt};

use finch_emulator::Login;

use crate::support::Place;

/// A place with two connections, one of them disconnected.
fn lived() -> (Place, String, String) {
    let place = Place::new();
    let live = place.connected("acme");
    let login = Login::new("User B", "Gusto", "Company D", "Credentials Y");
    let ended = place.connected_by("beta", login);
    (place, live, ended)
}

fn lose_the_store(place: &Place) {
    fs::rename(place.path("finch.db"), place.path("lost.db")).expect("moved away");
}

#[test]
fn what_is_backed_up_is_restored_and_settled() {
    let (place, live, ended) = lived();
    let file = place.path("b.db");
    let made = place.cli("backup b.db --json").code(0).json();
    assert_eq!((&made["connections"], &made["tokens"]), (&2.into(), &2.into()));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o7777, 0o600);
    finch!(place, "disconnect {ended} --yes").code(0);
    lose_the_store(&place);

    place.cli("restore b.db").code(0).shows("in doubt 2").shows("finch reconcile");
    place.run(&["token", &live, "--customer", "acme", "--reveal"]).code(7).says("finch reconcile");
    // What happened since, Finch knows.
    let settled = place.cli("reconcile --json").code(0).json();
    assert_eq!((&settled["verified"], &settled["refused"]), (&1.into(), &1.into()));
    place.token(&live, "acme");
    finch!(place, "token {ended} --customer beta --reveal").code(7);
    place.cli("events").code(0).shows("olga").shows("restored");
    place.cli("keys rotate").code(0);
    place.cli("verify").code(0);
    place.run(&["disconnect", &live, "--yes"]).code(0);
}

/// The file is put back by other means, and nothing of it is handed out before Finch was asked.
#[test]
fn a_store_that_was_restored_by_other_means_is_put_in_doubt() {
    let (place, live, ended) = lived();
    fs::copy(place.path("finch.db"), place.path("copy.db")).expect("a copy");
    finch!(place, "disconnect {ended} --yes").code(0);
    fs::rename(place.path("copy.db"), place.path("finch.db")).expect("put back");
    place.cli("store restored").code(0).shows("in doubt 2").shows("reconcile");
    assert_eq!(place.cli("store restored --json").code(0).json()["in_doubt"], 0);
    finch!(place, "token {live} --customer acme --reveal").code(7).says("finch reconcile");
    place.cli("reconcile").code(0);
    place.token(&live, "acme");
    finch!(place, "token {ended} --customer beta --reveal").code(7);
}

#[test]
fn a_backup_that_cannot_be_used_says_why_and_nothing_is_overwritten() {
    let (mut place, ..) = lived();
    place.cli("backup b.db").code(0).shows("connections 2 tokens 2");
    let before = fs::read(place.path("b.db")).expect("a backup");
    place.each(&[
        ("backup b.db", 7, &["exists", "another path"]),
        ("restore b.db", 7, &["exists", "move the file away"]),
    ]);
    assert_eq!(fs::read(place.path("b.db")).expect("a backup"), before);
    lose_the_store(&place);
    let fails = |place: &Place, file: &str, kind: &str| {
        let failure = place.run(&["restore", file, "--json"]).code(5).failure();
        assert_eq!(failure["kind"], kind);
        place.run(&["restore", file]).code(5).says("do:");
        assert!(!place.path("finch.db").exists() && !place.path("finch.db.part").exists());
    };
    fails(&place, "no-such.db", "backup_missing");
    fs::copy(place.path("b.db"), place.path("cut.db")).expect("a copy");
    fs::write(place.path("cut.db"), "a letter to my mother").expect("written");
    fails(&place, "cut.db", "store_not_a_store");
    place.cli("keys init --key-file other.key").code(0);
    place.set("FINCH_STORE_KEY_FILE", Some("other.key"));
    fails(&place, "b.db", "store_wrong_key");
    place.set("FINCH_STORE_KEY_FILE", None);
    place.cli("backup new.db").code(5).says("there is no store");
}
