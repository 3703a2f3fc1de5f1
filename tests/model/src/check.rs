//! The check: every history of some settings, under one variant of the rules.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex},
};

use stateright::{Checker, Expectation, HasDiscoveries, Model, Path, Property};

use crate::{
    action::Action, property::properties, setting::Setting, variant::Variant, world::World,
};

/// What is checked: one setting.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) variant: Variant,
    pub(crate) setting: &'static Setting,
    /// The states from which everything ends if nothing fails.
    ending: Arc<Mutex<HashSet<u64>>>,
}

/// What a check has found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// How many different states it has seen.
    pub states: usize,
    /// What is broken, each with a history that shows it.
    pub broken: Vec<(&'static str, String)>,
    /// What no state has shown.
    pub missing: Vec<&'static str>,
}

impl Check {
    /// The same state without what may still be asked for or fail, in short.
    pub(crate) fn calm(world: &World) -> u64 {
        let mut hasher = DefaultHasher::new();
        let calm = World { asks: 0, faults: 0, stalled: false, ..world.clone() };
        calm.hash(&mut hasher);
        hasher.finish()
    }

    /// Whether everything is known to end from this state.
    pub(crate) fn is_known_to_end(&self, calm: u64) -> bool {
        self.ending.lock().is_ok_and(|known| known.contains(&calm))
    }

    /// Everything ends from these states.
    pub(crate) fn ends_from(&self, states: &[u64]) {
        if let Ok(mut known) = self.ending.lock() {
            known.extend(states);
        }
    }

    fn run(self, until: HasDiscoveries) -> Found {
        let setting = self.setting;
        let checker = self.checker().threads(1).finish_when(until).spawn_bfs().join();
        let discoveries = checker.discoveries();
        let mut found = Found { states: checker.unique_state_count(), ..Found::default() };
        for property in checker.model().properties() {
            let path = discoveries.get(property.name);
            match (property.expectation, path) {
                (Expectation::Sometimes, None) => found.missing.push(property.name),
                (Expectation::Sometimes, Some(_)) | (_, None) => {}
                (_, Some(path)) => found.broken.push((property.name, describe(setting, path))),
            }
        }
        found
    }
}

/// Checks every history of these settings, one setting after the other, up to the first that breaks something; or,
/// where an invariant is named, that breaks that one.
pub fn check(
    variant: Variant,
    settings: &'static [Setting],
    invariant: Option<&'static str>,
) -> Found {
    let until = match invariant {
        Some(name) => HasDiscoveries::AllOf([name].into()),
        None => HasDiscoveries::AllFailures,
    };
    let mut all = Found::default();
    for (place, setting) in settings.iter().enumerate() {
        let one = Check { variant, setting, ending: Arc::default() }.run(until.clone());
        all.states += one.states;
        all.broken = one.broken;
        all.missing.retain(|name| one.missing.contains(name));
        if place == 0 {
            all.missing = one.missing;
        }
        if all.broken.iter().any(|(name, _)| invariant.is_none_or(|wanted| wanted == *name)) {
            break;
        }
    }
    all
}

/// A history, for people.
fn describe(setting: &Setting, path: &Path<World, Action>) -> String {
    let steps = path.clone().into_actions();
    let steps: Vec<String> = steps.iter().map(|action| format!("{action:?}")).collect();
    let last = path.last_state();
    format!("{}: {}\n{last:?}", setting.name, steps.join(", "))
}

impl Model for Check {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.setting.begin()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        world.actions(self.setting, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        world.after(self.setting, self.variant, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties()
    }
}
