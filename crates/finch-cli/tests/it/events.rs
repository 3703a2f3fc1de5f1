//! What happened, as people and programs read it.

use crate::support::Place;

fn events(place: &Place, arguments: &[&str]) -> Vec<(String, String)> {
    let arguments: Vec<&str> = ["events", "--json"].iter().chain(arguments).copied().collect();
    let found = place.run(&arguments).code(0).json();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let events = found["events"].as_array().expect("a list").iter();
    events.map(|event| (word(&event["event"]), word(&event["customer"]))).collect()
}

fn names(events: &[(String, String)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_life_is_recorded_with_its_evidence() {
    let place = Place::new();
    place.cli("connections").code(5);
    let id = place.connected("acme");
    for _ in 0..2 {
        finch!(place, "token {id} --customer acme --reveal").code(0);
    }
    finch!(place, "disconnect {id} --customer acme --yes").code(0);
    let all = events(&place, &[]);
    assert_eq!(
        names(&all),
        [
            "connected",
            "token_added",
            "handed_out",
            "disconnect_began",
            "fenced",
            "acknowledged",
            "token_refused",
            "disconnected"
        ]
    );
    assert!(all.iter().all(|(_, customer)| customer == "acme"), "{all:?}");
    assert_eq!(events(&place, &["--connection", &id]), all);
    assert_eq!(events(&place, &["--customer", "acme"]), all);
    assert_eq!(events(&place, &["--since", "1h"]), all);
    assert!(events(&place, &["--since", "2100-01-01"]).is_empty());
    assert!(events(&place, &["--customer", "other"]).is_empty());
    let found = place.cli("events --json").code(0).json();
    for answered in [5, 6] {
        let request_id = &found["events"][answered]["request_id"];
        assert!(request_id.is_string(), "Finch's support asks for it: {found}");
    }
    let shown = place.cli("events").code(0);
    let shown = shown.shows(&format!("connection {id}\n")).shows("a new connection");
    let words = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Finch acknowledged the disconnect, request "), "{words}");
}

#[test]
fn what_is_asked_for_wrongly_is_said() {
    let place = Place::new();
    let id = place.connected("acme");
    place.cli("events --since yesterday").code(2).says("2026-11-22");
    place.cli("events --connection nothing").code(3).says("there is no such connection");
    finch!(place, "events --connection {id} --customer other").code(3).says("no such");
    place.cli("events --since 2100-01-01").code(0).shows("Nothing is recorded here.");
}
