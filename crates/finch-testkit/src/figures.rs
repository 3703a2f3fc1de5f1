//! A run of seeded cases: where its seeds begin, what it reached, and whether that was enough.

use std::{
    cell::Cell,
    collections::BTreeMap,
    env, fmt,
    fs::OpenOptions,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io::Write as _,
    sync::OnceLock,
    time::Instant,
};

/// The number in an environment variable; `None` where it is not set.
///
/// # Panics
/// If it is no number.
pub fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().expect("the variable holds a number"))
}

/// Where the seeds of this process begin: `FINCH_SEED_BASE`, or below 1,000,000,000 and drawn by chance.
/// Printed once in each test, so that the output of one that fails shows it.
#[expect(clippy::print_stdout, reason = "libtest shows it where a test fails")]
pub fn seed_base() -> u64 {
    static BASE: OnceLock<u64> = OnceLock::new();
    thread_local! {
        static IS_PRINTED: Cell<bool> = const { Cell::new(false) };
    }
    let drawn = || RandomState::new().build_hasher().finish() % 1_000_000_000;
    let base = *BASE.get_or_init(|| number("FINCH_SEED_BASE").unwrap_or_else(drawn));
    if !IS_PRINTED.replace(true) {
        println!("FINCH_SEED_BASE={base}");
    }
    base
}

/// What a run reached: how often each kind of event came, and in how many cases.
#[derive(Clone, Debug, Default)]
pub struct Figures(BTreeMap<String, Reached>);

#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    times: u64,
    cases: u64,
}

impl Figures {
    /// An event came so many times.
    pub fn add(&mut self, event: &str, times: u64) {
        match self.0.get_mut(event) {
            Some(reached) => reached.times += times,
            None => drop(self.0.insert(event.to_owned(), Reached { times, cases: 0 })),
        }
    }

    /// An event came once.
    pub fn hit(&mut self, event: &str) {
        self.add(event, 1);
    }

    /// Adds what one case reached.
    pub fn add_case(&mut self, case: &Self) {
        for (event, Reached { times, .. }) in case.0.iter().filter(|(_, it)| it.times > 0) {
            self.add(event, *times);
            if let Some(reached) = self.0.get_mut(event) {
                reached.cases += 1;
            }
        }
    }

    /// How often an event came.
    pub fn of(&self, event: &str) -> u64 {
        self.0.get(event).map_or(0, |reached| reached.times)
    }

    /// The events that came in too few of so many cases. `usual`: in how many of 100,000 cases each one comes.
    ///
    /// Too few are less than half of the usual number, and so few that chance alone gives them less than once
    /// in 10^9 runs (Chernoff's bound for independent cases).
    pub fn missed(&self, cases: u64, usual: &[(&str, u64)]) -> Vec<String> {
        let missed = |(event, usual): &(&str, u64)| {
            let mean = *usual as f64 * cases as f64 / 100_000.0;
            let came = self.0.get(*event).map_or(0, |reached| reached.cases);
            let few = came as f64;
            let entropy = if came == 0 { 0.0 } else { few * (few / mean).ln() };
            let too_few = few < mean / 2.0 && mean - few + entropy > 1e9_f64.ln();
            too_few.then(|| format!("{event}: in {came} of {cases} cases, usually in {mean:.0}"))
        };
        usual.iter().filter_map(missed).collect()
    }

    /// Prints a line of JSON with how often each event came, and appends it to the file that `FINCH_FIGURES`
    /// names.
    ///
    /// # Panics
    /// If the file cannot be written.
    #[expect(clippy::print_stdout, reason = "the figures of a run")]
    pub fn report(&self, layer: &str, began: Instant) {
        let seconds = began.elapsed().as_secs_f64();
        let mut line = format!("{{\"layer\":{layer:?},\"seconds\":{seconds:.1}");
        self.0.iter().for_each(|(event, it)| line += &format!(",{event:?}:{}", it.times));
        line += "}";
        println!("{line}");
        if let Some(path) = env::var_os("FINCH_FIGURES") {
            let file = OpenOptions::new().create(true).append(true).open(path);
            // One write a line, so that lines of several processes do not mix.
            file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
                .expect("the file of figures");
        }
    }
}

/// A line for each event: how often it came, and in how many cases.
impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(event, Reached { times, cases })| {
            writeln!(f, "{times:>9} {cases:>9} {event}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(cases: u64, reached: u64) -> Figures {
        let (mut run, mut case) = (Figures::default(), Figures::default());
        case.add("event", 7);
        case.add("none", 0);
        (0..reached).for_each(|_| run.add_case(&case));
        (reached..cases).for_each(|_| run.add_case(&Figures::default()));
        run
    }

    #[test]
    fn cases_are_counted_once_and_events_each_time() {
        let run = run(1000, 300);
        assert_eq!((run.of("event"), run.of("none")), (2100, 0));
        assert_eq!(run.to_string(), "     2100       300 event\n");
    }

    #[test]
    fn too_few_are_less_than_half_and_less_than_chance_gives() {
        for (reached, usual, missed) in [
            (500, 100_000, false),
            (499, 100_000, true),
            (0, 2072, false),
            (0, 2073, true),
            (13, 5000, false),
            (12, 5000, true),
        ] {
            let found = run(1000, reached).missed(1000, &[("event", usual)]);
            assert_eq!(!found.is_empty(), missed, "{reached} of {usual}: {found:?}");
        }
    }
}
