//! `finch demo`, as a person and as a program sees it.

use std::{fs, net::TcpStream};

use serde_json::json;

use crate::support::{Place, Ran, call, get, signal};

#[test]
fn a_person_sees_that_every_fact_held() {
    let place = Place::without_key();
    let ran = place.cli("demo").code(0);
    assert_eq!(ran.err, "");
    let texts = ["JustWorks", "[1] [2] [3]", "401 Unauthorized", "still works", "10 of 10"];
    let ran = texts.into_iter().fold(ran, Ran::shows);
    assert_eq!(ran.out.lines().find(|line| line.chars().count() > 80), None);
}

#[test]
fn a_program_sees_the_same_facts() {
    let place = Place::without_key();
    let facts = place.cli("demo --json").code(0).json();
    assert_eq!(facts["held"], true);
    let all = facts["facts"].as_array().expect("facts");
    assert!(all.len() >= 8 && all.iter().all(|fact| fact["held"] == true), "{facts}");
    let each = |list: &str, pointer: &str| -> Vec<_> {
        let items = facts[list].as_array().expect("a list").iter();
        items.map(|item| item.pointer(pointer).expect("a field").clone()).collect()
    };
    assert_eq!(each("connections", "/tokens"), [json!([1, 2, 3]), json!([4])]);
    assert_eq!(each("connections", "/provider"), ["Gusto", "JustWorks"]);
    assert_eq!(each("tokens", "/before/status"), [200, 200, 200, 200]);
    assert_eq!(each("tokens", "/after/status"), [401, 401, 401, 200]);
    assert_eq!(facts["plan"]["tokens"], 3);
    assert_eq!(facts["outcome"], json!({ "outcome": "disconnected", "tokens": 3 }));
    assert_eq!(facts["disconnect_calls"], 1);
    let narrow = place.cli("demo --json --disconnect-scope connection").code(0).json();
    assert_eq!(narrow["held"], true);
    assert_eq!(narrow["disconnect_calls"], 2, "one for each connection_id");
}

#[test]
fn it_needs_no_setting_and_nothing_is_left_of_it() {
    let mut place = Place::without_key();
    place.set("FINCH_BASE_URL", Some("https://192.0.2.1"));
    place.set("FINCH_STORE", Some("/nowhere"));
    let temporary = place.path("temporary");
    fs::create_dir(&temporary).expect("a folder");
    place.set("TMPDIR", temporary.to_str());
    let left = || fs::read_dir(&temporary).expect("a folder").count();
    place.cli("demo").code(0);
    assert_eq!(left(), 0);
    let mut child = place.spawn(&["demo"], "");
    while left() == 0 && child.try_wait().expect("a child").is_none() {
        std::thread::yield_now();
    }
    signal(&child, "INT");
    // It may have been faster than the signal.
    let ran = place.end(&["demo"], child);
    assert!(matches!(ran.code, Some(0 | 130)), "{ran:?}");
    assert_eq!(left(), 0);
    place.set("TMPDIR", place.path("missing").to_str());
    place.cli("demo").code(1).says("temporary folder").says("TMPDIR");
}

/// From the one address on, as a browser goes.
#[test]
fn it_serves_an_application_to_click_through_until_it_is_stopped() {
    let place = Place::without_key();
    let arguments = ["demo", "--serve", "--json"];
    let (child, ready) = place.ready(&arguments);
    let url = ready["url"].as_str().expect("an address");
    let home = get(url, "/");
    assert!(home.starts_with("HTTP/1.1 200") && home.contains("Bolt Logistics"), "{home}");
    let host = url.trim_start_matches("http://");
    let head = |line: &str| format!("{line} HTTP/1.1\r\nHost: {host}\r\n");
    let signed_in = call(url, &head("POST /sign-in"), "company=acme-bakery");
    let (_, cookie) = signed_in.split_once("payday=").expect("a session");
    let cookie = format!("Cookie: payday={}\r\n", cookie.split(';').next().expect("a session"));
    let page = call(url, &(head("GET /settings/payroll") + &cookie), "");
    assert!(page.contains("Nothing is connected"), "{page}");
    let finch = get(ready["finch_url"].as_str().expect("an address"), "/");
    assert!(finch.starts_with("HTTP/1.1 200"), "{finch}");
    signal(&child, "INT");
    place.end(&arguments, child).code(0);
    assert!(TcpStream::connect(host).is_err(), "it is gone");
}
