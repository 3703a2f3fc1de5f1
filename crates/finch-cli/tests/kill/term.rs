//! SIGTERM is no SIGKILL: the first lets what has begun at Finch finish.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use finch_emulator::Fault;

use finch_testkit::{Chance, seed_base};

use crate::{
    action::Action,
    case::after,
    run::{Ran, command, gather, start},
    stage::Stage,
};

/// Runs the command, and sends SIGTERM as soon as Finch has seen its call, which Finch is late with.
fn terminated(stage: &Stage, action: Action, arguments: &[String], input: &str) -> Ran {
    let (began, log) = (Instant::now(), stage.scratch("steps"));
    let path = action.call().split_once(' ').unwrap().1;
    stage.fault(Fault::on(path).delay(Duration::from_millis(500)));
    let before = stage.count(action.call());
    let child = start(command(stage, &log), arguments, input);
    while stage.count(action.call()) == before {
        assert!(began.elapsed() < Duration::from_secs(60), "the call never came");
        thread::sleep(Duration::from_millis(1));
    }
    let sent = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    gather(child, &log, began, false)
}

#[test]
fn the_first_sigterm_lets_it_finish() {
    for action in [Action::Disconnect, Action::Reconcile, Action::First] {
        let mut chance = Chance::new(seed_base());
        let stage = Stage::new(&mut chance, true);
        let ready = action.prepare(&stage, &mut chance);
        // A pass ends early, and says what it leaves open.
        let code = if action == Action::Reconcile { 4 } else { 0 };
        let ran = terminated(&stage, action, &ready.arguments, &ready.input).code(code);
        assert!(ran.err.contains("finishing what has begun"), "{ran:?}");
        assert!(ran.document().is_some(), "{ran:?}");
        assert_eq!(after(&stage, action, &ready, &ran, &mut chance), [""; 0], "{action}");
    }
}
