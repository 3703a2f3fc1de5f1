//! What `finch connections` lists, and what it leaves out.

use finch_emulator::Login;
use serde_json::json;

use crate::support::Place;

/// A connection that has ended, and one of another provider in use.
fn two() -> (Place, String, String) {
    let place = Place::new();
    let ended = place.connected("acme");
    finch!(place, "disconnect {ended} --yes").code(0);
    let login = Login::new("User B", "Bamboo", "Company D", "Credentials Y");
    let used = place.connected_by("beta", login);
    (place, ended, used)
}

#[test]
fn what_has_ended_is_hidden_and_counted() {
    let (place, ended, used) = two();
    let ids = |more: &[&str]| {
        let listed = place.run(&[&["connections", "--json"], more].concat()).code(0).json();
        let connections = listed["connections"].as_array().expect("connections").clone();
        let ids: Vec<_> = connections.iter().map(|c| c["connection_ids"][0].clone()).collect();
        (ids, listed["hidden"].clone())
    };
    assert_eq!(ids(&[]), (vec![json!(used)], json!(1)));
    assert_eq!(ids(&["--all"]), (vec![json!(ended), json!(used)], json!(0)));
    assert_eq!(ids(&["--state", "disconnected"]), (vec![json!(ended)], json!(0)));
    assert_eq!(ids(&["--state", "connected"]), (vec![json!(used)], json!(0)));
    let both = ["--state", "connected", "--state", "disconnected"];
    assert_eq!(ids(&both), (vec![json!(ended), json!(used)], json!(0)));
    assert_eq!(ids(&["--state", "needs_reauth"]), (vec![], json!(0)));
    assert_eq!(ids(&["--provider", "bamboo"]), (vec![json!(used)], json!(0)));
    assert_eq!(ids(&["--provider", "gusto"]), (vec![], json!(1)));
    assert_eq!(ids(&["--provider", "gusto", "--all"]), (vec![json!(ended)], json!(0)));

    place
        .cli("connections")
        .code(0)
        .shows(&used)
        .shows("1 connection that has ended is hidden: --all");
    place.cli("connections --provider unknown").code(0).shows("no such connections");
    place.cli("connections --customer acme").code(0).shows("No connection is in use");
    place.cli("connections --state ended").code(2).says("--state").says("disconnected");
}
