//! The histories themselves.

use finch_sim::{Disk, application, number, run, tell};

#[test]
fn histories() {
    if let Ok(seed) = std::env::var("FINCH_SEED") {
        let seed = seed.parse().expect("a seed");
        let told = tell(seed, None, &mut Disk::new(application()));
        println!("{}{}", told.trace.text(), told.counts);
        assert!(told.broken.is_empty(), "seed {seed}: {:#?}", told.broken);
        return;
    }
    let figures = run(0, number("FINCH_HISTORIES", 1000), None);
    println!("{}", figures.counts);
    println!("{} histories, {} steps, {:?}", figures.histories, figures.steps, figures.took);
    if let Some(told) = figures.broken.first() {
        panic!("{}seed {}: {:#?}", told.trace.text(), told.seed, told.broken);
    }
}
