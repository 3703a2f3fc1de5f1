//! Every operation of the disk fails, one after the other, in every way that it can.

use std::{sync::Mutex, time::Instant};

use finch_test_disk::{Broken, Day, Fault, Kind};
use finch_testkit::{Figures, number, share};

/// What must have failed; most of it hundreds of times.
const OPERATIONS: &str = "Open Delete Access Read Write Truncate Sync FileSize Lock \
    CheckReservedLock FileControl SizeHint ShmMap ShmLock Fetch";

/// `FINCH_DAYS` says how many different days (1; there are 4), and `FINCH_FAULT`, as a failure prints
/// it (`day.part.kind.nth.once`), replays one.
#[test]
fn a_disk_that_fails_loses_nothing() {
    let began = Instant::now();
    let days: Vec<Day> = (0..number("FINCH_DAYS").unwrap_or(1))
        .map(|day| Day::new(day).unwrap_or_else(|Broken(what)| panic!("day {day}: {what}")))
        .collect();
    let total = Mutex::<Figures>::default();
    let one = std::env::var("FINCH_FAULT").ok();
    let failed = share(pieces(&days), |(day, part, kind, for_good)| {
        for nth in 1.. {
            let how = if for_good { "for-good" } else { "once" };
            let name = format!("{}.{part}.{kind:?}.{nth}.{how}", day.number());
            if one.as_ref().is_some_and(|one| *one != name) {
                if nth > 10_000 {
                    break;
                }
                continue;
            }
            let mut figures = Figures::default();
            let fails = day.trial(part, Fault { nth, kind, for_good }, &mut figures);
            total.lock().unwrap().add_case(&figures);
            let fails = fails.map_err(|Broken(what)| format!("FINCH_FAULT={name}: {what}"))?;
            if !fails {
                break;
            }
        }
        Ok(())
    });
    assert_eq!(failed, None::<String>);
    let figures = total.into_inner().unwrap();
    figures.report("disk faults", began);
    if one.is_none() {
        for op in OPERATIONS.split_whitespace() {
            assert!(figures.of(&format!("{op} fails")) > 0, "{op} never failed");
        }
        assert!(figures.of("then power loss") > 1000, "{figures}");
        assert!(figures.of("tokens handed back") > 50, "{figures}");
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
