//! Every operation of the disk fails, one after the other, in every way that it can.

use std::{collections::BTreeMap, sync::Mutex, time::Instant};

use finch_test_disk::{Broken, Day, Fault, Kind, Op, figures};

use crate::crew;

/// Operations that must have failed; most of them hundreds of times.
const REACHED: [Op; 15] = [
    Op::Open,
    Op::Delete,
    Op::Access,
    Op::Read,
    Op::Write,
    Op::Truncate,
    Op::Sync,
    Op::FileSize,
    Op::Lock,
    Op::CheckReservedLock,
    Op::FileControl,
    Op::SizeHint,
    Op::ShmMap,
    Op::ShmLock,
    Op::Fetch,
];

/// `FINCH_DAYS` says how many different days (1; there are 4), and `FINCH_FAULT`, as a failure prints
/// it (`day.part.kind.nth.once`), replays one.
#[test]
fn a_disk_that_fails_loses_nothing() {
    let began = Instant::now();
    let days: Vec<Day> = (0..figures::number("FINCH_DAYS").unwrap_or(1))
        .map(|day| Day::new(day).unwrap_or_else(|Broken(what)| panic!("day {day}: {what}")))
        .collect();
    let total = Mutex::new((0_u64, BTreeMap::new()));
    let one = std::env::var("FINCH_FAULT").ok();
    crew::share(pieces(&days), |(day, part, kind, for_good)| {
        for nth in 1.. {
            let how = if for_good { "for-good" } else { "once" };
            let name = format!("{}.{part}.{kind:?}.{nth}.{how}", day.number());
            if one.as_ref().is_some_and(|one| *one != name) {
                if nth > 10_000 {
                    break;
                }
                continue;
            }
            let outcome = day.trial(part, Fault { nth, kind, for_good });
            let outcome = outcome.map_err(|Broken(what)| format!("FINCH_FAULT={name}: {what}"))?;
            let mut total = total.lock().unwrap();
            let (runs, reached) = &mut *total;
            *runs += 1;
            let mut count = |name: String, n: u64| *reached.entry(name).or_default() += n;
            let Some(op) = outcome.hit else { break };
            count(format!("{op:?} fails: {kind:?}"), 1);
            count("then power loss".to_owned(), outcome.loses_power.into());
            count("tokens handed back".to_owned(), outcome.handed_back as u64);
            outcome.heard.into_iter().for_each(|(what, n)| count(format!("{kind:?}: {what}"), n));
        }
        Ok(())
    });
    let (runs, reached) = total.into_inner().unwrap();
    println!("{}", figures::report("disk faults", runs, began.elapsed(), &reached));
    if one.is_none() {
        let names: Vec<&String> = reached.keys().collect();
        for op in REACHED {
            let failed = format!("{op:?} fails: ");
            assert!(names.iter().any(|name| name.starts_with(&failed)), "{op:?} never failed");
        }
        assert!(reached["then power loss"] > 1000, "{reached:?}");
        assert!(reached["tokens handed back"] > 50, "{reached:?}");
    }
}

/// Every way to fail in every part of every day.
fn pieces(days: &[Day]) -> impl Iterator<Item = (&Day, usize, Kind, bool)> {
    days.iter().flat_map(|day| {
        (0..Day::PARTS).flat_map(move |part| {
            let ways = Kind::ALL.into_iter().flat_map(|kind| [(kind, false), (kind, true)]);
            ways.map(move |(kind, for_good)| (day, part, kind, for_good))
        })
    })
}
