//! How a process is killed; and the named steps of every command: which there are, and which kills they make.

use std::{collections::BTreeMap, time::Duration};

use finch_testkit::Chance;

use crate::{action::Action, run::Ran, stage::Stage};

/// When the process dies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kill {
    /// At this step, such as `sync wal 2`.
    At(String, How),
    /// From outside, after so long.
    After(Duration),
    /// From outside, as soon as Finch has seen this call.
    Call(&'static str),
    /// Not at all.
    Never,
}

/// On which side of the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Before,
    /// With half of the bytes written or sent.
    Half,
    After,
}

/// The steps of each command undisturbed, and how long it takes.
pub(crate) struct Steps(pub(crate) BTreeMap<Action, Ran>);

impl Steps {
    /// Runs every command once to its end, and writes down what it does.
    pub(crate) fn of_all(seed: u64) -> Self {
        let steps = Action::ALL.map(|action| {
            let mut chance = Chance::new(seed);
            let stage = Stage::new(&mut chance, true);
            let ready = action.prepare(&stage, &mut chance);
            let ran = stage.kill(&ready.arguments, &ready.input, &Kill::Never).code(action.code());
            (action, ran)
        });
        Self(steps.into())
    }

    /// Every kill at a named step, in an order in which each step comes once before any comes twice.
    pub(crate) fn kills(&self, chance: &mut Chance) -> Vec<(Action, Kill)> {
        let mut kills = Vec::new();
        for how in [How::After, How::Before, How::Half] {
            let mut of_this_kind = Vec::new();
            for (action, ran) in &self.0 {
                let fits = |step: &&String| match how {
                    How::After => true,
                    // There is nothing before it but a wait, which is the step before.
                    How::Before => !step.starts_with("receive"),
                    How::Half => step.starts_with("write") || step.starts_with("send"),
                };
                let each = ran.steps.iter().filter(fits);
                of_this_kind.extend(each.map(|step| (*action, Kill::At(step.clone(), how))));
            }
            // Shuffled, so that fewer kills than there are still reach every command.
            while !of_this_kind.is_empty() {
                kills.push(of_this_kind.swap_remove(chance.below(of_this_kind.len())));
            }
        }
        kills
    }

    /// A kill at any step or moment of a command.
    pub(crate) fn any_kill(&self, action: Action, chance: &mut Chance) -> Kill {
        let calm = &self.0[&action];
        match chance.below(10) {
            0..=3 => {
                let how = chance.pick(&[How::Before, How::Half, How::After]).unwrap();
                Kill::At(chance.pick(&calm.steps).unwrap(), how)
            }
            4..=7 => {
                let most = usize::try_from(calm.took.as_micros()).unwrap();
                Kill::After(Duration::from_micros(chance.below(most) as u64))
            }
            _ => Kill::Call(action.call()),
        }
    }

    /// How many different steps there are.
    pub(crate) fn count(&self) -> usize {
        self.0.values().map(|ran| ran.steps.len()).sum()
    }
}
