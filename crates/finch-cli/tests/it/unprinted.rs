//! What is printed decides nothing: what was to be done is done where nothing can be printed, and the exit
//! code says what happened.

use std::{
    env,
    fs::OpenOptions,
    io,
    process::{Command, Stdio},
    time::Duration,
};

use finch_emulator::Fault;

use crate::support::{Place, first_line, signal, until};

/// Where nothing can be printed.
#[derive(Clone, Copy, Debug)]
enum Nowhere {
    Full,
    Closed,
}

const NOWHERE: [Nowhere; 2] = [Nowhere::Full, Nowhere::Closed];

impl From<Nowhere> for Stdio {
    fn from(nowhere: Nowhere) -> Self {
        match nowhere {
            Nowhere::Full => {
                OpenOptions::new().write(true).open("/dev/full").expect("a full device").into()
            }
            Nowhere::Closed => io::pipe().expect("a pipe").1.into(),
        }
    }
}

/// Runs where nothing can be printed, once for each way, and gives the exit codes.
fn unprinted(place: &Place, line: &str) -> [Option<i32>; 2] {
    NOWHERE.map(|nowhere| {
        let mut command = place.command(&line.split_whitespace().collect::<Vec<_>>());
        command.stdin(Stdio::null()).stdout(nowhere).stderr(nowhere);
        command.status().expect("it runs").code()
    })
}

#[test]
fn what_changes_something_does_it() {
    let place = Place::new();
    for (customer, json) in [("acme", ""), ("beta", "--json")] {
        let (state, code) = place.attempt(customer);
        // The second run finds it done.
        let exchange = format!("exchange --state {state} --code {code} {json}");
        assert_eq!(unprinted(&place, &exchange), [Some(0); 2]);
    }
    let listed = place.cli("connections --json").code(0).json();
    assert_eq!(listed["connections"][0]["tokens"].as_array().map(Vec::len), Some(2));
    let id = listed["connections"][0]["connection_ids"][0].as_str().expect("an id");
    place.finch.push_fault(Fault::on("/disconnect").times(4).status(402));
    let force = format!("disconnect {id} --yes --force-shared --reason r");
    for (line, codes) in [
        ("keys rotate", [0, 0]),
        ("backup copy.db", [0, 7]),
        ("reconcile", [0, 0]),
        (&force, [4, 4]),
    ] {
        assert_eq!(unprinted(&place, line), codes.map(Some), "{line}");
    }
    place.each(&[("keys status", 0, &["data keys 3"])]);
    place.finch.clear_faults();
    assert_eq!(unprinted(&place, "reconcile"), [Some(0); 2]);
    assert!(place.all_revoked());
}

#[test]
fn what_only_the_output_carries_is_a_failure() {
    let place = Place::new();
    let id = place.connected("acme");
    for (line, codes) in [
        (&*format!("token {id} --customer acme --reveal"), [1, 1]),
        ("connect --customer b --name B --products company", [1, 1]),
        // A reader that has seen enough is no failure.
        ("connections", [1, 0]),
        ("--help", [1, 0]),
    ] {
        assert_eq!(unprinted(&place, line), codes.map(Some), "{line}");
    }
}

/// Each first signal, with standard error where nothing can be printed, while Finch's answer is on its way.
#[test]
fn no_first_signal_loses_an_answer() {
    for (name, nowhere) in
        ["TERM", "INT", "HUP"].into_iter().flat_map(|name| NOWHERE.map(|nowhere| (name, nowhere)))
    {
        let place = Place::new();
        let (state, code) = place.attempt("acme");
        let signaled = |path: &str, arguments: &[&str]| {
            place.finch.push_fault(Fault::on(path).delay(Duration::from_millis(500)));
            let (call, mut command) = (format!("POST {path}"), place.command(arguments));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(nowhere);
            let mut child = command.spawn().expect("it starts");
            until(|| place.calls(&call) > 0);
            signal(&child, name);
            assert_eq!(child.wait().expect("it ends").code(), Some(0), "{name} {nowhere:?}");
        };
        signaled("/auth/token", &["exchange", "--state", &state, "--code", &code]);
        place.cli("connections").code(0).shows("1 active");
        let id = place.finch.state().tokens[0].connection_id.clone();
        signaled("/disconnect", &["disconnect", &id, "--yes"]);
        assert!(place.all_revoked());
        place.cli("attention").code(0);
    }
}

/// A place with an open disconnect, which Finch now lets end.
fn open() -> Place {
    let place = Place::new();
    let id = place.connected("acme");
    place.finch.push_fault(Fault::on("/disconnect").status(402));
    finch!(place, "disconnect {id} --yes").code(4);
    place
}

#[test]
fn watching_goes_on_and_ends_with_any_signal() {
    for name in ["TERM", "INT", "HUP"] {
        let place = open();
        let mut command = place.command(&["reconcile", "--watch"]);
        command.stdin(Stdio::null()).stdout(Nowhere::Full).stderr(Nowhere::Full);
        let mut child = command.spawn().expect("it starts");
        until(|| place.all_revoked());
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
    let mut command = Command::new("nohup");
    command.arg(finch.get_program()).args(finch.get_args()).current_dir(place.folder()).env_clear();
    command.envs(&place.environment).env("PATH", env::var_os("PATH").expect("a path"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let pass = first_line(child.stdout.as_mut());
    assert!(pass.contains("\"disconnected\":0"), "{pass}");
    signal(&child, "HUP");
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_signal_ends_a_pass_early() {
    let place = open();
    place.finch.push_fault(Fault::on("/disconnect").delay(Duration::from_millis(500)));
    let ran = place.signaled(&["reconcile", "--json"], "", "POST /disconnect", "TERM").code(4);
    assert_eq!(ran.json()["stopped"], true);
}
