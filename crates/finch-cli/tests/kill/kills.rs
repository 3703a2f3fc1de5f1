//! The layer itself: kills (`FINCH_KILLS`), each on a store of its own.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use finch_testkit::{Chance, Figures, number, seed_base};

use crate::{
    action::Action,
    case::{Case, Played},
    run::Ended,
    steps::{Kill, Steps},
};

/// In how many of 100,000 cases each kind of event usually comes.
const USUAL: &[(&str, u64)] = &[
    ("killed at a named step", 60_000),
    ("killed at a write", 45_000),
    ("killed at a sync", 6_000),
    ("killed from outside", 9_000),
    ("killed after the promise", 5_000),
    ("Connect was killed", 4_000),
    ("Create was killed", 7_000),
    ("Disconnect was killed", 11_000),
    ("During was killed", 4_000),
    ("First was killed", 4_000),
    ("Join was killed", 10_000),
    ("Reconcile was killed", 16_000),
    ("Reconnect was killed", 4_000),
    ("Second was killed", 6_000),
];

/// What a case has reached.
fn reached(case: &Case, played: &Played) -> Figures {
    let mut figures = Figures::default();
    figures.hit(match played.ran.ended {
        Ended::ByTheSwitch => "killed at a named step",
        Ended::FromOutside => "killed from outside",
        Ended::Code(_) => "ran through",
    });
    if let (Ended::ByTheSwitch, Kill::At(step, _)) = (&played.ran.ended, &case.kill) {
        figures.hit(&format!("killed at a {}", step.split(' ').next().unwrap()));
    }
    if played.ran.killed() {
        figures.hit(&format!("{:?} was killed", case.action));
        figures.add("killed after the promise", played.ran.document().is_some().into());
    }
    figures
}

#[test]
fn nothing_is_lost_to_kill_9() {
    let (began, seed) = (Instant::now(), number("FINCH_SEED").unwrap_or_else(seed_base));
    let (one, kills) = (number("FINCH_CASE"), number("FINCH_KILLS").unwrap_or(400));
    let numbers = one.map_or(0..kills, |number| number..number + 1);
    let steps = Steps::of_all(seed);
    let named = steps.kills(&mut Chance::new(seed));
    let next = AtomicUsize::new(usize::try_from(numbers.start).unwrap());
    let total = Mutex::new((Figures::default(), Vec::new()));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number as u64 >= numbers.end {
                return;
            }
            let case = case(number, seed, &steps, &named);
            let played = case.play();
            let (figures, broken) = &mut *total.lock().unwrap();
            let found = match played {
                Ok(played) => {
                    figures.add_case(&reached(&case, &played));
                    played.broken
                }
                Err(panic) => vec![panic],
            };
            let replay = format!("FINCH_SEED={seed} FINCH_CASE={number} cargo test -p finch-cli");
            broken.extend(found.iter().map(|found| {
                format!("{found}\n  {case:?}\n  {replay} --test kill nothing_is_lost")
            }));
        }
    };
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    let (mut figures, broken) = total.into_inner().unwrap();
    figures.add("runs", numbers.end - numbers.start);
    figures.add("steps", steps.count() as u64);
    figures.report("kill", began);
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
    let missed = figures.missed(kills, USUAL);
    assert!(one.is_some() || missed.is_empty(), "not reached often enough: {missed:#?}");
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
