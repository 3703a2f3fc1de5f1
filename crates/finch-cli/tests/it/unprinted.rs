//! What is printed decides nothing: what was to be done is done where nothing can be printed, and the exit
//! code says what happened.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader},
    process::Stdio,
    time::Duration,
};

use finch_emulator::Fault;

use crate::support::{Place, signal, until};

/// A place to print where nothing can be.
fn nowhere() -> [Stdio; 2] {
    let full: File = OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    let (reader, closed) = io::pipe().expect("a pipe");
    drop(reader);
    [full.into(), closed.into()]
}

/// Runs with standard output and standard error such that nothing can be printed, and gives the exit code.
fn unprinted(place: &Place, arguments: &[&str], input: &str) -> [Option<i32>; 2] {
    nowhere()
        .into_iter()
        .zip(nowhere())
        .map(|(out, err)| {
            std::fs::write(place.path("input"), input).expect("written");
            let input = File::open(place.path("input")).expect("a file");
            let mut command = place.command(arguments);
            command.stdin(input).stdout(out).stderr(err).status().expect("it runs").code()
        })
        .collect::<Vec<_>>()
        .try_into()
        .expect("two")
}

#[test]
fn what_changes_something_does_it() {
    let place = Place::new();
    for (customer, json) in [("acme", &[][..]), ("beta", &["--json"])] {
        let (state, code) = place.attempt(customer);
        let arguments = [&["exchange", "--state", &state], json].concat();
        // The second run finds it done.
        assert_eq!(unprinted(&place, &arguments, &code), [Some(0), Some(0)]);
    }
    let listed = place.cli("connections --json").code(0).json();
    assert_eq!(listed["connections"][0]["tokens"].as_array().map(Vec::len), Some(2));
    let id = listed["connections"][0]["connection_ids"][0].as_str().expect("an id").to_owned();

    assert_eq!(unprinted(&place, &["keys", "rotate"], ""), [Some(0), Some(0)]);
    let epochs = place.cli("keys status --json").code(0).json();
    assert_eq!(epochs["data_keys"], serde_json::json!([3]));
    assert_eq!(unprinted(&place, &["backup", "copy.db"], ""), [Some(0), Some(7)]);
    assert_eq!(unprinted(&place, &["reconcile"], ""), [Some(0), Some(0)]);
    place.finch.push_fault(Fault::on("/disconnect").times(4).status(402));
    let force = ["disconnect", &id, "--yes", "--force-shared", "--reason", "r"];
    assert_eq!(unprinted(&place, &force, ""), [Some(4), Some(4)]);
    place.finch.reset();
    place.finch.push_fault(Fault::on("/nothing"));
    assert_eq!(unprinted(&place, &["reconcile"], ""), [Some(0), Some(0)]);
    assert!(place.finch.state().tokens.iter().all(|token| token.revoked));
}

#[test]
fn what_only_the_output_carries_is_a_failure() {
    let place = Place::new();
    let id = place.connected("acme");
    let token = ["token", &id, "--customer", "acme", "--reveal"];
    assert_eq!(unprinted(&place, &token, ""), [Some(1), Some(1)]);
    let connect = ["connect", "--customer", "b", "--name", "B", "--products", "company"];
    assert_eq!(unprinted(&place, &connect, ""), [Some(1), Some(1)]);
    // A reader that has seen enough is no failure.
    assert_eq!(unprinted(&place, &["connections"], ""), [Some(1), Some(0)]);
    assert_eq!(unprinted(&place, &["--help"], ""), [Some(1), Some(0)]);
}

/// Each first signal, with standard error where nothing can be printed, while Finch's answer is on its way.
#[test]
fn no_first_signal_loses_an_answer() {
    for name in ["TERM", "INT", "HUP"] {
        for which in 0..2 {
            let place = Place::new();
            let (state, code) = place.attempt("acme");
            let signaled = |path: &str, arguments: &[&str]| {
                place.finch.push_fault(Fault::on(path).delay(Duration::from_millis(500)));
                let (call, mut command) = (format!("POST {path}"), place.command(arguments));
                let [err, other] = nowhere();
                let err = if which == 0 { err } else { other };
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(err);
                let mut child = command.spawn().expect("it starts");
                until(|| place.calls(&call) > 0);
                signal(&child, name);
                assert_eq!(child.wait().expect("it ends").code(), Some(0), "{name}");
            };
            signaled("/auth/token", &["exchange", "--state", &state, "--code", &code]);
            place.cli("connections").code(0).shows("1 active");
            let id = place.finch.state().tokens[0].connection_id.clone();
            signaled("/disconnect", &["disconnect", &id, "--yes"]);
            assert!(place.finch.state().tokens[0].revoked);
            place.cli("attention").code(0);
        }
    }
}

#[test]
fn watching_goes_on_and_ends_with_any_signal() {
    for name in ["TERM", "INT", "HUP"] {
        let place = Place::new();
        let id = place.connected("acme");
        place.finch.push_fault(Fault::on("/disconnect").times(1).status(402));
        finch!(place, "disconnect {id} --yes").code(4);
        let [full, _] = nowhere();
        let [out, _] = nowhere();
        let mut command = place.command(&["reconcile", "--watch"]);
        let mut child =
            command.stdin(Stdio::null()).stdout(out).stderr(full).spawn().expect("it starts");
        until(|| place.finch.state().tokens.iter().all(|token| token.revoked));
        signal(&child, name);
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{name}");
    }
}

/// `nohup` has SIGHUP ignored: what it starts outlives the terminal.
#[test]
fn a_hang_up_that_is_ignored_stays_so() {
    let place = Place::new();
    place.connect("acme");
    let finch = place.command(&["reconcile", "--watch", "--json"]);
    let mut command = std::process::Command::new("nohup");
    command.arg(finch.get_program()).args(finch.get_args()).current_dir(place.folder()).env_clear();
    for (name, value) in finch.get_envs() {
        command.env(name, value.expect("a value"));
    }
    command.env("PATH", std::env::var_os("PATH").expect("a path"));
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.expect("it starts");
    let mut first = String::new();
    BufReader::new(child.stdout.as_mut().expect("a pipe")).read_line(&mut first).expect("a pass");
    let pass: serde_json::Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!(pass["disconnected"], 0);
    signal(&child, "HUP");
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_signal_ends_a_pass_early() {
    let place = Place::new();
    let id = place.connected("acme");
    place.finch.push_fault(Fault::on("/disconnect").times(1).status(402));
    finch!(place, "disconnect {id} --yes").code(4);
    place.finch.push_fault(Fault::on("/disconnect").delay(Duration::from_millis(500)));
    let calls = place.calls("POST /disconnect");
    let child = place.spawn(&["reconcile", "--json"], "");
    until(|| place.calls("POST /disconnect") > calls);
    signal(&child, "TERM");
    let output = child.wait_with_output().expect("it ends");
    let out = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(4), "{out}");
    assert!(out.contains("\"stopped\":true"), "{out}");
}
