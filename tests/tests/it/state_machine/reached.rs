//! What the histories reached, and how often they must.

use std::{collections::BTreeMap, fs::OpenOptions, io::Write as _, time::Duration};

use super::{
    expected::{Ended, Expected},
    model::{Model, State},
    moves::Move,
};

/// Counts of kinds of events.
#[derive(Debug, Default)]
pub(crate) struct Reached(BTreeMap<String, u64>);

/// What 2,500 histories reach at least; fewer of them proportionally less.
const FLOORS: &[(&str, u64)] = &[
    ("all: disconnected", 25),
    ("all: retired", 5),
    ("as planned: disconnected", 5),
    ("as planned: plan changed", 20),
    ("begun: renews", 90),
    ("by a customer: already disconnected", 250),
    ("by a customer: disconnected", 180),
    ("by a customer: not found", 200),
    ("by a customer: pending", 100),
    ("by a customer: retired", 60),
    ("by the operator: disconnected", 180),
    ("by the operator: pending", 100),
    ("by the operator: shared", 20),
    ("closed", 15),
    ("connected: Dead", 350),
    ("connected: Doubted", 25),
    ("connected: Good", 2000),
    ("connected: joined others", 200),
    ("dismissed", 20),
    ("no token: Disconnected", 50),
    ("no token: Disconnecting", 10),
    ("no token: ProductsNotGranted", 30),
    ("not begun: Finch", 1500),
    ("not connected: Expired", 150),
    ("not connected: Failed", 300),
    ("not connected: NotSent", 200),
    ("not connected: OtherCustomer", 80),
    ("not connected: StateUsed", 120),
    ("not connected: Unknown", 250),
    ("not connected: UnknownState", 120),
    ("reconciled: disconnected", 30),
    ("reconciled: pending", 60),
    ("reopened", 300),
    ("reported: Disconnecting", 20),
    ("reported: NothingProven", 20),
    ("reported: Revoked", 90),
    ("reported: StillAccepted", 60),
    ("steps after a merge", 350),
    ("steps in a third generation", 500),
    ("steps with Aside", 400),
    ("steps with Closing", 1500),
    ("steps with Doubted", 100),
    ("steps with Retired", 600),
    ("steps with a lost exchange", 1500),
    ("steps with late effects", 600),
    ("used", 40),
];

impl Reached {
    fn note(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    pub(crate) fn count(&mut self, happens: Move, model: &Model) {
        self.note("steps");
        match &model.expected {
            Expected::Nothing => {}
            Expected::Begun { renews: None } => self.note("begun"),
            Expected::Begun { .. } => self.note("begun: renews"),
            Expected::NotBegun(why) => self.note(format!("not begun: {why}")),
            Expected::Connected { state, joined, .. } => {
                self.note(format!("connected: {state:?}"));
                if *joined > 0 {
                    self.note("connected: joined others");
                }
            }
            Expected::NotConnected(why) => self.note(format!("not connected: {why}")),
            Expected::Token(_) => self.note("used"),
            Expected::NoToken(why) => self.note(format!("no token: {why}")),
            Expected::Reported(finding) => self.note(format!("reported: {finding}")),
            Expected::Ended(ended) => self.ended(happens, *ended),
            Expected::AllEnded(all) => {
                all.iter().for_each(|(_, ended)| self.ended(happens, *ended));
                if all.len() > 1 {
                    self.note("several disconnected at once");
                }
            }
            Expected::Planned { verdict, .. } => self.note(format!("planned: {verdict}")),
            Expected::Reconciled { disconnected, pending, verified, refused } => {
                self.note("reconciled");
                let counts = [
                    ("disconnected", disconnected),
                    ("pending", pending),
                    ("verified", verified),
                    ("refused", refused),
                ];
                for (what, count) in counts {
                    *self.0.entry(format!("reconciled: {what}")).or_default() += *count as u64;
                }
            }
            Expected::Closed(_) => self.note("closed"),
            Expected::NotClosed(why) => self.note(format!("not closed: {why}")),
            Expected::Dismissed => self.note("dismissed"),
        }
        if let Move::Becomes(mode) = happens {
            self.note(format!("Finch: {mode:?}"));
        }
        if let Move::Reopen = happens {
            self.note("reopened");
        }
        self.look(model);
    }

    fn ended(&mut self, happens: Move, ended: Ended) {
        let how = match ended {
            Ended::Disconnected(_) => "disconnected",
            Ended::Pending(_) => "pending",
            Ended::Already => "already disconnected",
            Ended::Retired(_) => "retired",
            Ended::Shared => "shared",
            Ended::NotFound => "not found",
            Ended::PlanChanged => "plan changed",
            Ended::Unasked => return,
        };
        let who = match happens {
            Move::CarryOut => "as planned",
            Move::OperatorDisconnects { .. } => "by the operator",
            Move::DisconnectAll { .. } => "all",
            _ => "by a customer",
        };
        self.note(format!("{who}: {how}"));
    }

    /// States in which a history has been.
    fn look(&mut self, model: &Model) {
        let states: Vec<State> =
            model.tokens.iter().filter_map(|t| Some(t.ours.as_ref()?.state)).collect();
        for state in
            [State::Doubted, State::Closing, State::Retired, State::Superseded, State::Aside]
        {
            if states.contains(&state) {
                self.note(format!("steps with {state:?}"));
            }
        }
        if model.groups.iter().any(|g| g.absorbed) {
            self.note("steps after a merge");
        }
        if model.groups.iter().any(|g| g.late) {
            self.note("steps with late effects");
        }
        if model.groups.iter().any(|g| g.generation(u32::MAX) > 1) {
            self.note("steps in a third generation");
        }
        if !model.lost(None).is_empty() {
            self.note("steps with a lost exchange");
        }
    }

    /// Writes the figures down, and fails if something was not reached often enough.
    pub(crate) fn told(self, store: &str, cases: u64, seed: u64, took: Duration) {
        let mut figures = serde_json::json!({
            "layer": format!("state machine over {store}"), "runs": cases, "seed": seed,
            "seconds": took.as_secs_f64(), "broken": 0,
        });
        for (what, count) in &self.0 {
            figures[what.replace(": ", " ")] = (*count).into();
        }
        println!("{figures}");
        if let Ok(path) = std::env::var("FINCH_FIGURES") {
            let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
            writeln!(file, "{figures}").unwrap();
        }
        let missed: Vec<_> = FLOORS
            .iter()
            .map(|(what, floor)| (what, floor * cases / 2500, self.0.get(*what).copied()))
            .filter(|(_, floor, count)| count.unwrap_or(0) < *floor)
            .collect();
        assert!(missed.is_empty(), "not reached often enough: {missed:#?}");
    }
}
