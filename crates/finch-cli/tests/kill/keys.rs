//! `keys init` killed at each of its steps: there is a whole key, or no key file.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _};

use finch_testkit::{Chance, seed_base};

use crate::{
    run::{Ended, Ran},
    secrets::leaks,
    stage::Stage,
    steps::{How, Kill},
};

/// A stage without its key.
fn bare() -> Stage {
    let stage = Stage::new(&mut Chance::new(seed_base()), true);
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
fn a_key_is_whole_or_not_there() {
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
            Ended::Code(5) if !key.exists() => "none",
            other => panic!("{kill:?}: {other:?}"),
        };
        *seen.entry(left).or_default() += 1;
        // What may be left is a file of a name of its own, for its owner only.
        for entry in fs::read_dir(stage.path(".")).unwrap().map(|entry| entry.unwrap()) {
            if entry.file_name().to_string_lossy().ends_with(".new") {
                assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
                fs::remove_file(entry.path()).unwrap();
            }
        }
        // What was promised is there; what was not can be made.
        if left == "whole" {
            stage.guard_key();
        } else {
            assert!(ran.document().is_none(), "{kill:?}: the key was promised, and is {left}");
            init(&stage, &Kill::Never).code(0);
            assert_eq!(connect(&stage), Ended::Code(0), "{kill:?}");
            stage.guard_key();
        }
        assert_eq!(leaks(&stage), [""; 0], "{kill:?}");
    }
    assert!(seen["whole"] > 0 && seen["none"] > 0, "{seen:?}");
}
