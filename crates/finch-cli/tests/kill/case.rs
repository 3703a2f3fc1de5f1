//! One case: a command, a kill, and everything that must hold then.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use finch_app::State;
use finch_emulator::Fault;
use finch_testkit::Chance;

use crate::{
    action::{Action, EXCHANGE, Ready, handle, issued},
    app::App,
    end::{LATER, end},
    look::Look,
    promises::broken,
    run::{Ended, Ran},
    secrets::fingerprint,
    stage::Stage,
    steps::Kill,
};

/// A case, from which everything follows but the moment at which the machine does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) action: Action,
    pub(crate) kill: Kill,
    /// Whether Finch misbehaves.
    pub(crate) has_faults: bool,
    pub(crate) seed: u64,
}

/// What a case has shown.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) ran: Ran,
    /// Broken promises.
    pub(crate) broken: Vec<String>,
}

impl Case {
    /// Plays it in a place of its own. A panic is a broken promise too.
    pub(crate) fn play(&self) -> Result<Played, String> {
        catch_unwind(AssertUnwindSafe(|| self.play_here())).map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
        })
    }

    fn play_here(&self) -> Played {
        let mut chance = Chance::new(self.seed);
        let in_memory = !chance.one_in(8);
        let stage = Stage::new(&mut chance, in_memory);
        let ready = self.action.prepare(&stage, &mut chance);
        if self.has_faults {
            misbehave(&stage, self.action, &mut chance);
        }
        // Now and then another process has the store open.
        let other = (self.action != Action::Create && chance.one_in(4)).then(|| App::open(&stage));
        let ran = stage.kill(&ready.arguments, &ready.input, &self.kill);
        drop(other);
        let mut broken = after(&stage, self.action, &ready, &ran, &mut chance);
        while self.action != Action::Create && broken.is_empty() && chance.one_in(3) {
            broken = killed_again(&stage, &mut chance);
        }
        broken.extend(end_of_story(&stage, &mut chance));
        broken.dedup();
        Played { ran, broken }
    }
}

/// The same store killed once more, at any moment of what may come next.
fn killed_again(stage: &Stage, chance: &mut Chance) -> Vec<String> {
    let app = App::open(stage);
    let account = chance.pick(&[stage.acme(), stage.gamma()]).unwrap();
    let (action, ready) = stage.block_on(async {
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
    });
    drop(app);
    let kill = Kill::After(Duration::from_micros(chance.below(60_000) as u64));
    let ran = stage.kill(&ready.arguments, &ready.input, &kill);
    after(stage, action, &ready, &ran, chance)
}

/// Everything that must hold after a kill.
fn after(
    stage: &Stage,
    action: Action,
    ready: &Ready,
    ran: &Ran,
    chance: &mut Chance,
) -> Vec<String> {
    note(stage, action, ready, ran);
    stage.clear_faults();
    stage.clock.pass(LATER);
    let mut found = crate::secrets::leaks(stage);
    let app = App::open(stage);
    let (look, unkept) = broken(stage, &app);
    found.extend(unkept);
    if chance.one_in(4) {
        found.extend(reported_by_the_binary(stage, &look));
    }
    found.extend(again(stage, &app, ready, ran, chance));
    found.extend(broken(stage, &app).1);
    found
}

/// Whether all of it can be brought to its end, and nothing is left where it must not be.
fn end_of_story(stage: &Stage, chance: &mut Chance) -> Vec<String> {
    let app = App::open(stage);
    let mut found = end(stage, &app, chance);
    drop(app);
    found.extend(crate::secrets::leaks(stage));
    found.extend(damage(stage));
    found
}

/// What a run has promised, and what Finch has seen of it, enters the ledger.
pub(crate) fn note(stage: &Stage, action: Action, ready: &Ready, ran: &Ran) {
    let new: Vec<String> = issued(stage).difference(&ready.issued).cloned().collect();
    let mut ledger = stage.ledger.borrow_mut();
    let document = ran.document();
    match action {
        Action::Create | Action::Connect => {}
        Action::First | Action::Second | Action::During | Action::Reconnect => {
            if document.is_some() {
                assert_eq!(new.len(), 1, "an exchange that ends well makes one token");
                ledger.kept.extend(new);
            }
        }
        Action::Disconnect | Action::Join => {
            // The fence stands before Finch sees a call.
            if document.is_some()
                || stage.count("POST /disconnect") > ready.count("POST /disconnect")
            {
                ledger.never.extend(ready.covered.clone());
            }
            if document.is_some_and(|document| document["result"]["outcome"] == "disconnected") {
                ledger.dead.extend(ready.covered.clone());
            }
        }
        Action::Reconcile => {
            if document.is_some_and(|document| document["pending"].as_array().unwrap().is_empty()) {
                ledger.dead.extend(ready.covered.clone());
            }
        }
    }
}

/// Finch misbehaves during the run, in ways that it may.
fn misbehave(stage: &Stage, action: Action, chance: &mut Chance) {
    let paths: &[&str] = match action {
        Action::Create | Action::Connect => &["/connect/sessions"],
        Action::First | Action::Second | Action::During | Action::Reconnect => &["/auth/token"],
        _ => &["/disconnect", "/introspect"],
    };
    for _ in 0..1 + chance.below(2) {
        let fault = Fault::on(chance.pick(paths).unwrap());
        stage.fault(match chance.below(5) {
            0 => fault.drop_before_effect(),
            1 => fault.drop_after_effect(),
            2 => fault.status(503),
            3 => fault.status(502).after_effect(),
            _ => fault.garbage().after_effect(),
        });
    }
}

/// What the binary says, opening the store again: it hands out nothing that it must not, and lists
/// what this process has seen listed.
fn reported_by_the_binary(stage: &Stage, look: &Look) -> Vec<String> {
    let mut found = Vec::new();
    let acme = stage.acme();
    let tokens = look.connections.iter().flat_map(|connection| &connection.tokens);
    let own = tokens.filter(|token| token.customer.as_ref() == Some(acme.scope().id()));
    let handles: BTreeSet<_> = own.map(|token| token.facts.connection_id.to_string()).collect();
    for handle in handles {
        let ran = stage.run(&["token", &handle, "--customer", acme.customer, "--reveal"], "");
        let never = &stage.ledger.borrow().never;
        if ran.ended == Ended::Code(0) && never.contains(&fingerprint(ran.out.trim())) {
            found.push("the binary hands out a token after its fence".to_owned());
        }
    }
    if !look.orphans.is_empty() {
        let document =
            stage.run(&["reconcile", "--rate", "1000", "--json"], "").code(4).document().unwrap();
        if document["possible_orphans"].as_array().map(Vec::len) != Some(look.orphans.len()) {
            found.push("the binary lists other possible orphans".to_owned());
        }
    }
    found
}

/// The same again: an attempt that was promised is there, and a code is never sent twice.
fn again(stage: &Stage, app: &App, ready: &Ready, ran: &Ran, chance: &mut Chance) -> Vec<String> {
    let mut found = Vec::new();
    let document = ran.document();
    if let Some((account, state, code)) = &ready.attempt {
        let (before, issued_before) = (stage.count("POST /auth/token"), issued(stage));
        let went_well = if chance.one_in(4) {
            stage.run(&EXCHANGE, &ready.input).document().is_some()
        } else {
            stage.block_on(app.complete(&account.scope(), state, code)).is_ok()
        };
        let sent_before = before > ready.count("POST /auth/token");
        if sent_before && stage.count("POST /auth/token") > before {
            found.push("a code was sent twice".to_owned());
        }
        if document.is_some() && !went_well {
            found.push("an exchange that went well does not when it is repeated".to_owned());
        }
        if went_well {
            let new = issued(stage).difference(&issued_before).cloned().collect::<Vec<_>>();
            stage.ledger.borrow_mut().kept.extend(new);
        }
    } else if let Some(state) = document.as_ref().and_then(|document| document["state"].as_str()) {
        let at_finch =
            document.as_ref().and_then(|document| document["finch_customer_id"].as_str());
        stage.guard(state);
        let code = stage.code(stage.acme(), at_finch, None);
        let (scope, state) = (stage.acme().scope(), State::new(state));
        if let Err(error) = stage.block_on(app.complete(&scope, &state, &code)) {
            found.push(format!("an attempt that was promised is not there: {error}"));
        }
    }
    found
}

/// What SQLite itself finds wrong with the file.
fn damage(stage: &Stage) -> Option<String> {
    let db = rusqlite::Connection::open(stage.path("finch.db")).unwrap();
    let said: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    (said != "ok").then(|| format!("the database is damaged: {said}"))
}
