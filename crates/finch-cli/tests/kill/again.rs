//! One store that is killed over and over, and stays the same one.

use std::time::Instant;

use finch_testkit::{Chance, Figures, number, seed_base};

use crate::{
    action::{Action, Ready, handle},
    app::App,
    case::{late_effects, misbehave, note},
    end::{LATER, end, reconnect},
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
    let (began, seed) = (Instant::now(), number("FINCH_SEED").unwrap_or_else(seed_base));
    let kills = number("FINCH_KILLS").unwrap_or(400) / 10;
    let mut chance = Chance::new(seed);
    let steps = Steps::of_all(seed);
    let stage = Stage::new(&mut chance, true);
    {
        let app = App::open(&stage);
        stage.block_on(app.connect(&stage, stage.bystander()));
        assert_eq!(broken(&stage, &app).1, [""; 0]);
    }
    let mut total = Figures::default();
    for round in 0..kills {
        let (action, ready) = next(&stage, &mut chance);
        if chance.one_in(2) {
            misbehave(&stage, action, &mut chance);
        }
        let kill = steps.any_kill(action, &mut chance);
        let ran = stage.kill(&ready.arguments, &ready.input, &kill);
        let mut figures = Figures::default();
        figures.hit("runs");
        figures.add("killed", ran.killed().into());
        late_effects(&stage, &ready);
        note(&stage, action, &ready, &ran);
        stage.clear_faults();
        stage.pass(LATER);
        let mut found = leaks(&stage);
        let app = App::open(&stage);
        let (look, unkept) = broken(&stage, &app);
        found.extend(unkept);
        assert!(found.is_empty(), "FINCH_SEED={seed}, {round}: {action}, {kill}: {found:#?}");
        if !look.orphans.is_empty() && chance.one_in(2) {
            stage.block_on(reconnect(&stage, &app));
            figures.hit("reconnected");
        }
        total.add_case(&figures);
    }
    let app = App::open(&stage);
    let found = end(&stage, &app, &mut chance);
    assert!(found.is_empty(), "FINCH_SEED={seed}: {found:#?}");
    drop(app);
    assert_eq!(leaks(&stage), [""; 0]);
    total.report("kill: one store", began);
    let missed = total.missed(kills, &[("killed", 50_000), ("reconnected", 8_000)]);
    assert!(missed.is_empty(), "not reached often enough: {missed:#?}");
}
