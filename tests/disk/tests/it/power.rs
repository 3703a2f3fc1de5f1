//! Acknowledged work survives power loss.

use std::time::Instant;

use finch_test_disk::{Broken, IMAGES_OF_ONE, Lie, Reached, figures, images};

/// `FINCH_IMAGES` sets how many, `FINCH_SEED` replays one history.
#[test]
fn acknowledged_work_survives_power_loss() {
    let (began, wanted) = (Instant::now(), figures::number("FINCH_IMAGES").unwrap_or(20_000));
    let mut reached = Reached::new();
    let replayed = figures::number("FINCH_SEED");
    let mut seed = replayed.unwrap_or(1);
    while reached.get("images").copied().unwrap_or(0) < wanted {
        let checked = images(seed, IMAGES_OF_ONE, Lie::None, &mut reached);
        if let Err(Broken(what)) = checked {
            panic!("FINCH_SEED={seed}: {what}");
        }
        if replayed.is_some() {
            break;
        }
        seed += 1;
    }
    println!("{:?} {reached:?}", began.elapsed());
}
