//! Every operation of the disk fails, one after the other, in every way.

use std::{collections::BTreeMap, time::Instant};

use finch_test_disk::{Broken, Day, Fault, Kind, figures};

#[test]
fn a_disk_that_fails_loses_nothing() {
    let began = Instant::now();
    let (mut runs, mut hits, mut heard, mut back) = (0_u64, BTreeMap::new(), BTreeMap::new(), 0);
    let days = figures::number("FINCH_DAYS").unwrap_or(1);
    for number in 0..days {
        let day = Day::new(number).unwrap();
        for kind in Kind::ALL {
            for for_good in [false, true] {
                for part in 0..Day::PARTS {
                    for nth in 1.. {
                        let fault = Fault { nth, kind, for_good };
                        let outcome = match day.trial(part, fault) {
                            Ok(outcome) => outcome,
                            Err(Broken(what)) => panic!("day {number} part {part}, {fault:?}: {what}"),
                        };
                        runs += 1;
                        back += outcome.handed_back;
                        let Some(op) = outcome.hit else { println!("{kind:?} {part} {for_good} {nth} {:?}", began.elapsed()); break };
                        *hits.entry((op, kind)).or_insert(0_u64) += 1;
                        for (what, n) in outcome.heard {
                            *heard.entry((kind, what)).or_insert(0_u64) += n;
                        }
                    }
                }
            }
        }
    }
    println!("{runs} {back} {:?} {hits:?} {heard:?}", began.elapsed());
}
