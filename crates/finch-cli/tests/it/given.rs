//! What is given to the command, and by whom: secrets, settings, words from outside.

use finch_emulator::Login;

use crate::support::{Place, SECRET};

#[test]
fn secrets_come_from_files_and_standard_input() {
    let mut place = Place::new();
    let key = std::fs::read_to_string(place.path("finch.db.key")).expect("a key");
    std::fs::rename(place.path("finch.db.key"), place.path("moved.key")).expect("moved");
    std::fs::write(place.path("secret"), format!("{}\n", SECRET)).expect("written");
    place.set("FINCH_CLIENT_SECRET", None).set("FINCH_STORE_KEY", Some(key.trim()));
    let connect =
        ["connect", "--customer", "acme", "--name", "A", "--products", "company", "--json"];
    place.run(&connect).code(2);
    let with_file = [&connect[..], &["--client-secret-file", "secret"]].concat();
    let state = place.run(&with_file).code(0).json()["state"].as_str().expect("a state").to_owned();
    place.guard(&state);
    let code = place.code("acme");

    // One line each: client secret, key, state, code.
    place.set("FINCH_STORE_KEY", None);
    let input = format!("{}\n{}{state}\n{code}\n", SECRET, key);
    let all =
        ["exchange", "--client-secret-file", "-", "--store-key-file", "-", "--state-file", "-"];
    place.run_with(&all, &input).code(0);

    place
        .set("FINCH_STORE_KEY_FILE", Some("moved.key"))
        .set("FINCH_CLIENT_SECRET_FILE", Some("secret"));
    place.set("FINCH_STATE", Some(&state)).set("FINCH_CODE", Some(&code));
    place.cli("exchange").code(0);
}

#[test]
fn commands_that_send_no_client_secret_need_none() {
    let mut place = Place::new();
    let id = place.connected("acme");
    place.set("FINCH_CLIENT_SECRET", None);
    place.cli("connections").code(0);
    finch!(place, "show {id}").code(0);
    finch!(place, "disconnect {id} --yes").code(0);
    place.cli("reconcile").code(0);
    place
        .cli("connect --customer a --name A --products company")
        .code(2)
        .says("the client secret is missing")
        .says("FINCH_CLIENT_SECRET");
}

#[test]
fn what_a_terminal_would_obey_is_escaped() {
    let place = Place::new();
    let (state, finch_customer) = place.connect("acme");
    let hostile = "\u{1b}]0;owned\u{7}\u{202e}\nfake line";
    let login = Login::new("User A", "Gusto", "Company C", "X").products([hostile, "company"]);
    let code = place.code_of(login, &finch_customer);
    let done = place.run_with(&["exchange", "--state", &state], &code).code(0);
    let json = place.cli("connections --json").code(0);
    assert_eq!(json.json()["connections"][0]["tokens"][0]["products"][0], hostile);
    let id = json.json()["connections"][0]["connection_ids"][0].as_str().expect("an id").to_owned();
    for out in [
        done.out,
        json.out,
        finch!(place, "show {id}").code(0).out,
        finch!(place, "disconnect {id} --dry-run").code(0).out,
    ] {
        assert!(!out.contains(['\u{7}', '\u{1b}', '\u{202e}']), "{out:?}");
        assert!(!out.lines().any(|line| line.starts_with("fake")), "{out}");
    }
}
