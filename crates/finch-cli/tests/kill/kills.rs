//! The layer itself: kills (`FINCH_KILLS`), each on a store of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use finch_testkit::Chance;
use serde_json::json;

use crate::{
    action::Action,
    case::{Case, Played},
    figures::{report, seed, setting},
    kill::Kill,
    run::Ended,
    steps::Steps,
};

/// What the cases have reached.
#[derive(Default)]
struct Tally {
    runs: usize,
    by_the_switch: usize,
    from_outside: usize,
    ran_through: usize,
    /// Killed although everything had been promised.
    printed: usize,
    points: BTreeSet<String>,
    by_action: BTreeMap<Action, usize>,
    by_verb: BTreeMap<String, usize>,
    broken: Vec<String>,
}

impl Tally {
    fn add(&mut self, number: usize, case: &Case, played: Result<Played, String>) {
        self.runs += 1;
        let replay = || {
            let seed = seed();
            format!(
                "  {case:?}\n  FINCH_SEED={seed} FINCH_CASE={number} cargo test -p finch-cli --test kill nothing_is_lost"
            )
        };
        let played = match played {
            Ok(played) => played,
            Err(panic) => return self.broken.push(format!("{panic}\n{}", replay())),
        };
        match played.ran.ended {
            Ended::ByTheSwitch => {
                self.by_the_switch += 1;
                self.points.insert(format!("{:?} {:?}", case.action, case.kill));
                if let Kill::At(step, _) = &case.kill {
                    let verb = step.split(' ').next().unwrap().to_owned();
                    *self.by_verb.entry(verb).or_default() += 1;
                }
            }
            Ended::FromOutside => self.from_outside += 1,
            Ended::Code(_) => self.ran_through += 1,
        }
        if played.ran.killed() {
            *self.by_action.entry(case.action).or_default() += 1;
            self.printed += usize::from(played.ran.document().is_some());
        }
        for broken in played.broken {
            self.broken.push(format!("{broken}\n{}", replay()));
        }
    }
}

#[test]
fn nothing_is_lost_to_kill_9() {
    let (began, seed) = (Instant::now(), seed());
    let one = setting("FINCH_CASE").map(|number| usize::try_from(number).unwrap());
    let kills = usize::try_from(setting("FINCH_KILLS").unwrap_or(400)).unwrap();
    let numbers = one.map_or(0..kills, |number| number..number + 1);
    let steps = Steps::of_all(seed);
    let named = steps.kills(&mut Chance::new(seed));
    let next = AtomicUsize::new(numbers.start);
    let tally = Mutex::new(Tally::default());
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= numbers.end {
                        return;
                    }
                    let case = case(number, seed, &steps, &named);
                    let played = case.play();
                    tally.lock().unwrap().add(number, &case, played);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    let figures = json!({
        "runs": tally.runs, "broken": tally.broken.len(), "seed": seed,
        "points": tally.points.len(), "steps": steps.count(), "kinds": named.len(),
        "by_the_switch": tally.by_the_switch, "from_outside": tally.from_outside,
        "ran_through": tally.ran_through, "killed_after_the_promise": tally.printed,
    });
    report("kill", began, figures);
    assert!(tally.broken.is_empty(), "{} broken:\n{}", tally.broken.len(), tally.broken.join("\n"));
    if one.is_none() {
        reached_enough(&tally);
    }
}

/// Three of four kills are at named steps, while Finch behaves, as long as there are new ones; the others
/// are at any moment.
fn case(number: usize, seed: u64, steps: &Steps, named: &[(Action, Kill)]) -> Case {
    let mut chance = Chance::new(seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
    let seed = chance.next_u64();
    if number % 4 != 3
        && let Some((action, kill)) = named.get(number / 4 * 3 + number % 4)
    {
        return Case { action: *action, kill: kill.clone(), has_faults: false, seed };
    }
    let action = chance.pick(&Action::ALL).unwrap();
    let kill = steps.any_kill(action, &mut chance);
    Case { action, kill, has_faults: chance.one_in(2), seed }
}

/// A run that did not reach every kind of event often enough has shown too little.
fn reached_enough(tally: &Tally) {
    let share = |part: usize| tally.runs / part;
    assert!(tally.by_the_switch >= share(2), "few kills at named steps");
    assert!(tally.from_outside >= share(20), "few kills from outside");
    assert!(tally.ran_through <= share(5), "many runs were not killed");
    assert!(tally.printed >= share(100), "few kills after the promise");
    if tally.runs < 400 {
        return;
    }
    for action in Action::ALL {
        let killed = tally.by_action.get(&action).copied().unwrap_or(0);
        assert!(killed >= share(100), "{action:?} was killed {killed} times only");
    }
    let verbs =
        ["write", "sync", "truncate", "unlink", "create", "connect", "send", "receive", "close"];
    for verb in verbs {
        assert!(tally.by_verb.contains_key(verb), "no kill at a {verb}: {:?}", tally.by_verb);
    }
}
