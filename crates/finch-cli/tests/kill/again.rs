//! One store that is killed over and over, and stays the same one.

use std::time::Instant;

use finch_testkit::Chance;
use serde_json::json;

use crate::{
    action::{Action, Ready, handle},
    app::App,
    case::{misbehave, note},
    end::{LATER, end, reconnect},
    figures::{report, seed, setting},
    promises::broken,
    secrets::leaks,
    stage::Stage,
    steps::Steps,
};

/// What comes next, as the store is now.
fn next(stage: &Stage, chance: &mut Chance) -> (Action, Ready) {
    let app = App::open(stage);
    let accounts: Vec<_> = stage.accounts().iter().filter(|&a| a != stage.bystander()).collect();
    let account = chance.pick(&accounts).unwrap();
    stage.block_on(async {
        match (chance.below(5), handle(&app, account).await) {
            (0..=1, Some(id)) => {
                (Action::Disconnect, Ready::disconnect(stage, &app, account, &id).await)
            }
            (2, _) => {
                let mut ready = Ready::reconcile(stage);
                ready.covered = stage.ledger.borrow().never.clone();
                (Action::Reconcile, ready)
            }
            _ => (Action::First, Ready::exchange(stage, &app, account).await),
        }
    })
}

#[test]
fn one_store_survives_a_hundred_kills() {
    let (began, seed) = (Instant::now(), seed());
    let kills = setting("FINCH_KILLS").unwrap_or(400) / 10;
    let mut chance = Chance::new(seed);
    let steps = Steps::of_all(seed);
    let stage = Stage::new(&mut chance, true);
    {
        let app = App::open(&stage);
        stage.block_on(app.connect(&stage, stage.bystander()));
        assert_eq!(broken(&stage, &app).1, [""; 0]);
    }
    let (mut killed, mut reconnected) = (0, 0);
    for number in 0..kills {
        let (action, ready) = next(&stage, &mut chance);
        if chance.one_in(2) {
            misbehave(&stage, action, &mut chance);
        }
        let kill = steps.any_kill(action, &mut chance);
        let ran = stage.kill(&ready.arguments, &ready.input, &kill);
        killed += u32::from(ran.killed());
        note(&stage, action, &ready, &ran);
        stage.clear_faults();
        stage.pass(LATER);
        let mut found = leaks(&stage);
        let app = App::open(&stage);
        let (look, unkept) = broken(&stage, &app);
        found.extend(unkept);
        assert!(found.is_empty(), "FINCH_SEED={seed}, {number}: {action:?}, {kill:?}: {found:#?}");
        if !look.orphans.is_empty() && chance.one_in(2) {
            stage.block_on(reconnect(&stage, &app));
            reconnected += 1;
        }
    }
    let app = App::open(&stage);
    let found = end(&stage, &app, &mut chance);
    assert!(found.is_empty(), "FINCH_SEED={seed}: {found:#?}");
    drop(app);
    assert_eq!(leaks(&stage), [""; 0]);
    let tokens = stage.truth().tokens.len();
    report(
        "kill: one store",
        began,
        json!({ "runs": kills, "killed": killed, "tokens": tokens, "reconnected": reconnected, "broken": 0, "seed": seed }),
    );
    assert!(killed >= kills as u32 / 2 && reconnected > 0, "{killed} kills, {reconnected} lost");
}
