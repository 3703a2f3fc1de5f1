//! Two processes at once on one store.

use std::time::Instant;

use finch_testkit::{Chance, Figures, number, seed_base};

use crate::{
    action::{Action, Ready},
    app::App,
    case::note,
    end::{LATER, end},
    promises::broken,
    run::{Ended, Ran, command, gather, start},
    secrets::leaks,
    stage::Stage,
};

/// Both at once, to their ends; one of them is killed on the way, if asked.
fn both(stage: &Stage, ready: &Ready, kill_one_at: Option<&str>) -> [Ran; 2] {
    let began = Instant::now();
    let logs = ["first", "second"].map(|name| stage.scratch(name));
    let children = [0, 1].map(|number| {
        let mut command = command(stage, &logs[number]);
        if let (0, Some(step)) = (number, kill_one_at) {
            command.env("FINCH_SWITCH_AT", step).env("FINCH_SWITCH_HOW", "after");
        }
        start(command, &ready.arguments, &ready.input)
    });
    let mut logs = logs.iter();
    let ran = children.map(|child| gather(child, logs.next().unwrap(), began, false));
    for ran in &ran {
        stage.printed(&ran.out);
        stage.printed(&ran.err);
    }
    ran
}

/// Plays the same command twice at once, many times, and kills one of the two every other time. The one
/// that waits for the other may never come to where it would be killed: it goes on until one does.
fn rounds(action: Action, steps: &[&str], codes: &[i32]) {
    let (began, seed) = (Instant::now(), number("FINCH_SEED").unwrap_or_else(seed_base));
    let rounds = number("FINCH_KILLS").unwrap_or(400).div_ceil(100).max(4);
    let mut killed = 0;
    let (mut round, most) = (0, 20 * rounds);
    while round < rounds || (killed == 0 && round < most) {
        let mut chance = Chance::new(seed.wrapping_mul(7919).wrapping_add(round));
        let stage = Stage::new(&mut chance, true);
        let ready = action.prepare(&stage, &mut chance);
        let kill = (round % 2 == 1).then(|| chance.pick(steps).unwrap());
        for ran in both(&stage, &ready, kill) {
            match ran.ended {
                Ended::Code(code) => assert!(codes.contains(&code), "round {round}: {ran:?}"),
                _ => killed += 1,
            }
            note(&stage, action, &ready, &ran);
        }
        stage.clock.pass(LATER);
        let mut found = leaks(&stage);
        let app = App::open(&stage);
        found.extend(broken(&stage, &app).1);
        found.extend(end(&stage, &app, &mut chance));
        assert!(found.is_empty(), "FINCH_SEED={seed}, round {round}: {found:#?}");
        round += 1;
    }
    assert!(killed > 0, "none of them was killed");
    let mut figures = Figures::default();
    figures.add("runs", round);
    figures.add("killed", killed);
    figures.report(&format!("kill: two at once, {action:?}"), began);
}

/// Left open (4) is an answer too: the other process is at it.
#[test]
fn two_reconcilers_at_once() {
    rounds(
        Action::Reconcile,
        &["send finch 1", "receive finch 1", "sync wal 2", "sync wal 4"],
        &[0, 4],
    );
}

#[test]
fn two_disconnects_at_once() {
    rounds(
        Action::Disconnect,
        &["send finch 1", "receive finch 1", "sync wal 2", "sync wal 3"],
        &[0, 4, 7],
    );
}

/// The state opens one attempt, and its code is sent once.
#[test]
fn the_same_exchange_twice_at_once() {
    rounds(
        Action::First,
        &["send finch 1", "receive finch 1", "sync wal 2", "sync wal 3"],
        &[0, 4, 7, 8],
    );
}
