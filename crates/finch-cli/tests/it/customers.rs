//! Customers: one does not see, use or end what is another's, and the operator says why it does.

use serde_json::json;

use crate::support::Place;

/// Two customers with tokens of one employer at one provider.
fn shared() -> (Place, String) {
    let place = Place::new();
    let id = place.connected("acme");
    let (state, code) = place.attempt("beta");
    let exchange = ["exchange", "--state", &state, "--customer", "beta", "--json"];
    let done = place.run_with(&exchange, &code).code(0).json();
    assert_eq!((&done["connection_id"], &done["joined_tokens"]), (&json!(id), &json!(0)));
    assert_eq!(done["shared"], true, "an exchange speaks of its own customer's tokens");
    (place, id)
}

#[test]
fn another_customers_connection_looks_like_none() {
    let place = Place::new();
    let id = place.connected("acme");
    for command in [
        "show",
        "disconnect --yes",
        "disconnect --dry-run",
        "token --reveal",
        "events --connection",
    ] {
        for json in ["", "--json"] {
            let with = |connection: &str| {
                let ran = finch!(place, "{command} {connection} --customer beta {json}").code(3);
                (ran.out, ran.err)
            };
            assert_eq!(with(&id), with("00000000-0000-4000-8000-000000000000"), "{command}");
        }
    }
    place.cli("connections --customer beta").code(0).shows("no such connections");
    assert!(!place.finch.state().tokens[0].revoked);
}

#[test]
fn a_customer_ends_its_own_access_to_what_others_use() {
    let (place, id) = shared();
    let own = format!("disconnect {id} --customer acme");
    finch!(place, "{own} --dry-run").code(0).shows("Access would end here");
    let ran = finch!(place, "{own} --yes").code(0).shows("Finch was not called");
    finch!(place, "token {id} --customer acme").code(7).says("disconnected");
    let seen = finch!(place, "show {id} --customer acme").code(0).shows("retired");
    for out in [ran.out, seen.out] {
        assert!(!out.contains("beta") && !out.contains("history"), "{out}");
    }
    assert_eq!(place.calls("POST /disconnect"), 0);
    place.token(&id, "beta");

    // When the last customer goes, the connection ends at Finch with all that was left of it.
    finch!(place, "disconnect {id} --customer beta --yes").code(0).shows("Finch has refused");
    assert!(place.all_revoked());
    let seen = finch!(place, "show {id} --customer acme").code(0).shows("retired");
    assert!(!seen.out.contains("revoked"), "what others do is not shown: {}", seen.out);
}

#[test]
fn the_operator_needs_force_and_a_reason() {
    let (place, id) = shared();
    let disconnect = format!("disconnect {id} --yes");
    let forced = format!("disconnect {id} --force-shared --reason asked --operator ada");
    place.each(&[
        (&disconnect, 7, &["--force-shared --reason", "acme, beta"]),
        (&format!("{disconnect} --force-shared"), 2, &["--reason"]),
        (&format!("{disconnect} --reason why"), 2, &["--force-shared"]),
        (&format!("{forced} --customer acme"), 2, &["--customer", "cannot be used with"]),
        (&format!("{forced} --dry-run"), 0, &["would be disconnected", "acme, beta"]),
    ]);
    let empty = ["disconnect", &id, "--yes", "--force-shared", "--reason", " "];
    place.run(&empty).code(2).says("reason is empty");
    assert_eq!(place.calls("POST /disconnect"), 0);
    let done = finch!(place, "{forced} --yes --json").code(0).json();
    assert_eq!(done["result"], json!({ "outcome": "disconnected", "tokens": 2 }));
    finch!(place, "show {id}").code(0).shows("disconnect began, reason asked (operator ada)");
}
