//! A history: what happened to a store, on tape, with everything that it ever said.

use std::sync::Arc;

use finch_sqlite::SqliteTokenStore;
use finch_testkit::{Chance, FakeFinch, Reach, application};
use finch_tests::{Step, TestSystem, finish, folder, steps};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    content::Content,
    disk::Lie,
    host::{Host, options, runtime},
    image::Image,
    judge::{Broken, OrBroken as _},
    ledger::Ledger,
    recover,
    replay::Replay,
    tape::{Event, Mark, Tape},
};

#[derive(Debug)]
pub(crate) struct History {
    pub(crate) tape: Tape,
    /// What was known when it began.
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) finch: Arc<FakeFinch>,
    /// What the store said, from which number of events on.
    pub(crate) said: Vec<(usize, Content)>,
}

impl History {
    fn new(tape: Tape, ledger: &Ledger, finch: &FakeFinch) -> Result<Self, Broken> {
        let (ledger, finch) = (Arc::new(ledger.clone()), Arc::new(finch.copy()));
        let mut history = Self { tape, ledger, finch, said: Vec::new() };
        history.said = history.said()?;
        Ok(history)
    }

    /// Lets the steps of this seed happen to a new store.
    pub(crate) fn run(seed: u64, lie: Lie) -> Result<Self, Broken> {
        let (runtime, mut chance) = (runtime(), Chance::new(seed));
        let reach = if chance.one_in(2) { Reach::Pair } else { Reach::Connection };
        let (ledger, empty) = (Ledger::default(), FakeFinch::new(application(), reach));
        let system = Arc::new(TestSystem::default());
        let host = Host::over(&Image::default(), &ledger, &empty, system)?;
        let longest = 6 + chance.below(20);
        let mut world = None;
        for step in chosen(&mut chance, longest) {
            // Now and then the process ends as it should, and begins again.
            if chance.one_in(12) {
                drop(world.take());
            }
            let (world, watched) = match &world {
                Some(open) => open,
                None => {
                    let store = SqliteTokenStore::open(options(host.folder.path()));
                    host.disk.mark(Mark::Opened);
                    // Making the store is not what is lied about.
                    host.disk.lie(lie);
                    let wired = runtime.block_on(host.wire(store.or_broken("open")?));
                    world.insert(wired.or_broken("the application")?)
                }
            };
            let alive = host.finch.alive();
            runtime.block_on(world.step(step));
            if let Step::EndFromDashboard(_) = step {
                let ended = alive.into_iter().map(|(token, ..)| token);
                let ended = ended.filter(|token| !host.finch.accepts(token));
                let ended = ended.map(|token| token.expose().to_owned());
                host.book.open().outside.extend(ended);
                watched.intercept.mark_finch();
            }
        }
        drop(world);
        Self::new(host.leave(), &ledger, &empty)
    }

    /// Lets a new process recover what is left.
    pub(crate) fn recovered(
        left: &Image,
        ledger: &Ledger,
        finch: &FakeFinch,
    ) -> Result<Self, Broken> {
        let host = Host::over(left, ledger, finch, recover::later())?;
        let store = SqliteTokenStore::open(options(host.folder.path())).or_broken("open")?;
        host.disk.mark(Mark::Opened);
        let (world, _) = finish(host.wire(store)).or_broken("the application")?;
        finish(recover::reconcile(&world.app, &host.system))?;
        drop(world);
        Self::new(host.leave(), ledger, finch)
    }

    pub(crate) fn replay(&self) -> Replay<'_> {
        Replay::new(&self.tape, self.ledger.clone(), self.finch.clone())
    }

    /// Everything that the store ever said: looked at whenever a commit may have been made.
    fn said(&self) -> Result<Vec<(usize, Content)>, Broken> {
        let (folder, mut replay) = (folder(), self.replay());
        let content = |replay: &Replay<'_>| {
            Content::of_files(replay.seen(), folder.path()).or_broken("reading what was written")
        };
        let mut said = vec![(0, content(&replay)?)];
        let mut changed = false;
        for (at, event) in self.tape.events.iter().enumerate() {
            changed |= matches!(
                event,
                Event::Write(..) | Event::Size(..) | Event::Create(..) | Event::Delete(_)
            );
            let looks = match event {
                Event::Delete(_) | Event::Sync(_) | Event::Lie | Event::SyncFolder => true,
                Event::Mark(mark) => !matches!(mark, Mark::Finch(..)),
                _ => false,
            };
            if looks && std::mem::take(&mut changed) {
                replay.go_to(at + 1);
                let now = content(&replay)?;
                if said.last().is_none_or(|(_, last)| *last != now) {
                    said.push((at + 1, now));
                }
            }
        }
        Ok(said)
    }
}

fn chosen(chance: &mut Chance, longest: usize) -> Vec<Step> {
    let seed: Vec<u8> = (0..4).flat_map(|_| chance.next_u64().to_le_bytes()).collect();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let steps = steps(longest).new_tree(&mut runner);
    steps.expect("steps").current()
}
