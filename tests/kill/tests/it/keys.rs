//! `keys init` killed at each of its steps: there is a whole key, or none that anybody takes for one.

use std::{collections::BTreeMap, fs, time::Instant};

use serde_json::json;

use crate::{
    chance::{Chance, seed},
    figures::report,
    kill::{How, Kill},
    run::{Ended, Ran},
    secrets::leaks,
    stage::Stage,
};

/// A stage without its key.
fn bare() -> Stage {
    let stage = Stage::new(&mut Chance::of(seed()), true);
    fs::remove_file(stage.path("finch.db.key")).unwrap();
    stage
}

fn init(stage: &Stage, kill: &Kill) -> Ran {
    stage.kill(&["keys", "init", "--json"].map(str::to_owned), "", kill)
}

fn connect(stage: &Stage) -> Ended {
    let named = ["connect", "--customer", "acme", "--name", "Acme"];
    stage.run(&[&named[..], &["--products", "company", "--json"]].concat(), "").ended
}

#[test]
fn a_key_is_whole_or_refused() {
    let began = Instant::now();
    let steps = init(&bare(), &Kill::Never).code(0).steps;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (step, how) in
        steps.iter().flat_map(|s| [How::Before, How::Half, How::After].map(|h| (s, h)))
    {
        let stage = bare();
        let kill = Kill::At(step.clone(), how);
        let ran = init(&stage, &kill);
        let key = stage.path("finch.db.key");
        let left = match connect(&stage) {
            Ended::Code(0) => "whole",
            Ended::Code(5) if key.exists() => "refused",
            Ended::Code(5) => "none",
            other => panic!("{kill}: {other:?}"),
        };
        *seen.entry(left).or_default() += 1;
        // What was promised is there; what was not can be made, once the pieces are out of the way.
        if left == "whole" {
            stage.guard_key();
        } else {
            assert!(ran.told().is_none(), "{kill}: the key was promised, and is {left}");
            if left == "refused" {
                fs::remove_file(key).unwrap();
            }
            init(&stage, &Kill::Never).code(0);
            assert_eq!(connect(&stage), Ended::Code(0), "{kill}");
            stage.guard_key();
        }
        assert_eq!(leaks(&stage), [""; 0], "{kill}");
    }
    let runs = seen.values().sum::<usize>();
    report("kill: keys", began, json!({ "runs": runs, "left": seen, "broken": 0 }));
    assert!(seen["whole"] > 0 && seen["none"] > 0, "{seen:?}");
}
