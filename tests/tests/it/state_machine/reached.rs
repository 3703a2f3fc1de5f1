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

/// What 5,000 histories reach at least; fewer of them proportionally less.
const FLOORS: &[(&str, u64)] = &[];

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
            .map(|(what, floor)| (what, floor * cases / 5000, self.0.get(*what).copied()))
            .filter(|(_, floor, count)| count.unwrap_or(0) < *floor)
            .collect();
        assert!(missed.is_empty(), "not reached often enough: {missed:#?}");
    }
}
