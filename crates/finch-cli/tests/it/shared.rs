//! Customers: one does not see, use or end what is another's, and the operator says why it does.

use serde_json::json;

use crate::support::Place;

/// Two customers with tokens of one employer at one provider.
fn shared() -> (Place, String) {
    let place = Place::new();
    let id = place.connected("acme");
    assert_eq!(place.connected("beta"), id);
    (place, id)
}

#[test]
fn an_exchange_speaks_of_its_own_customers_tokens() {
    let place = Place::new();
    let exchange = |customer: &str, more: &[&str]| {
        let (state, code) = place.attempt(customer);
        let arguments = [&["exchange", "--state", &state], more].concat();
        place.run_with(&arguments, &code).code(0)
    };
    exchange("acme", &[]).shows("a connection of its own");
    exchange("acme", &[]).shows("joins 1 token of this customer.");
    let ran = exchange("beta", &["--customer", "beta"]).shows("shared with other");
    assert!(!ran.out.contains("acme") && !ran.out.contains("joins"), "{}", ran.out);
    let shared = exchange("beta", &["--json"]).json();
    assert_eq!((&shared["joined_tokens"], &shared["shared"]), (&json!(1), &json!(true)));
}

#[test]
fn another_customers_connection_looks_like_none() {
    let place = Place::new();
    let id = place.connected("acme");
    place.token(&id, "acme");
    for command in [
        &["show"][..],
        &["disconnect", "--yes"],
        &["disconnect", "--dry-run"],
        &["token", "--reveal"],
    ] {
        let with = |connection: &str, json: &[&str]| {
            let arguments = [command, &[connection, "--customer", "beta"], json].concat();
            let ran = place.run(&arguments).code(3);
            (ran.out, ran.err)
        };
        let unknown = "00000000-0000-4000-8000-000000000000";
        assert_eq!(with(&id, &[]), with(unknown, &[]), "{command:?}");
        assert_eq!(with(&id, &["--json"]), with(unknown, &["--json"]), "{command:?}");
    }
    place.cli("connections --customer beta").code(0).shows("no connections yet");
    assert!(!place.finch.state().tokens[0].revoked);
}

#[test]
fn a_customer_ends_its_own_access_to_what_others_use() {
    let (place, id) = shared();
    let own = ["disconnect", &id, "--customer", "acme"];
    place.run(&[&own[..], &["--dry-run"]].concat()).code(0).shows("Access would end here");
    let ran = place
        .run(&[&own[..], &["--yes"]].concat())
        .code(0)
        .shows("access has ended here")
        .shows("Finch was not called");
    assert!(!ran.out.contains("beta"), "{}", ran.out);
    finch!(place, "token {id} --customer acme").code(7).says("disconnected");
    place.run(&[&own[..], &["--yes"]].concat()).code(0).shows("disconnected before");
    let seen = finch!(place, "show {id} --customer acme").code(0);
    assert!(!seen.out.contains("beta") && !seen.out.contains("History"), "{}", seen.out);
    assert!(place.finch.state().tokens.iter().all(|token| !token.revoked));
    place.token(&id, "beta");

    // When the last customer goes, the connection ends at Finch with all that was left of it.
    let last = ["disconnect", &id, "--customer", "beta", "--yes"];
    place.run(&last).code(0).shows("Finch has refused 1 token");
    assert!(place.finch.state().tokens.iter().all(|token| token.revoked));
    let seen = finch!(place, "show {id} --customer acme").code(0).shows("retired");
    assert!(!seen.out.contains("revoked"), "what others do is not shown: {}", seen.out);
}

#[test]
fn the_operator_needs_force_and_a_reason() {
    let (place, id) = shared();
    finch!(place, "disconnect {id} --yes")
        .code(7)
        .shows("--force-shared --reason")
        .shows("acme, beta");
    finch!(place, "disconnect {id} --yes --force-shared").code(2).says("--reason");
    finch!(place, "disconnect {id} --yes --reason why").code(2).says("--force-shared");
    place
        .run(&["disconnect", &id, "--yes", "--force-shared", "--reason", " "])
        .code(2)
        .says("reason is empty");
    finch!(place, "disconnect {id} --yes --force-shared --reason x --customer acme")
        .code(2)
        .says("--customer")
        .says("do not go together");
    assert!(place.finch.state().tokens.iter().all(|token| !token.revoked));

    let forced = [
        "disconnect",
        &id,
        "--force-shared",
        "--reason",
        "the employer asked",
        "--json",
        "--operator",
        "ada",
    ];
    let plan = place.run(&[&forced[..], &["--dry-run"]].concat()).code(0).json();
    assert_eq!(plan["plan"]["verdict"], "disconnects");
    assert_eq!(plan["plan"]["customers"], json!(["acme", "beta"]));
    let done = place.run(&[&forced[..], &["--yes"]].concat()).code(0).json();
    assert_eq!(done["result"], json!({ "outcome": "disconnected", "tokens": 2 }));
    finch!(place, "show {id}").code(0).shows("the employer asked").shows("operator ada");
}
