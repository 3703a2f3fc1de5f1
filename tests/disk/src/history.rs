//! A history: what happened to a store, on tape, with everything that it ever said.

use std::{path::Path, sync::Arc};

use finch_app::OpenFinchError;
use finch_sqlite::{SqliteOptions, SqliteTokenStore, StoreFileError};
use finch_testkit::{Chance, FakeFinch, Intercepted, Reach, application};
use finch_tests::{Step, TestSystem, World, finish, folder, steps};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    content::Content,
    disk::{Disk, Lie},
    judge::{Broken, OrBroken as _},
    ledger::{Book, Ledger},
    recover,
    replay::{Files, Replay},
    tape::{Event, Mark, Name, Tape},
    witness::Witness,
};

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

pub(crate) fn open(folder: &Path) -> Result<SqliteTokenStore, StoreFileError> {
    SqliteTokenStore::open(options(folder))
}

pub(crate) fn options(folder: &Path) -> SqliteOptions {
    SqliteOptions::create(folder.join("finch.db"), application())
}

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
    fn new(tape: Tape, ledger: Arc<Ledger>, finch: Arc<FakeFinch>) -> Result<Self, Broken> {
        let said = said(&tape, &ledger, &finch)?;
        Ok(Self { tape, ledger, finch, said })
    }

    /// Lets the steps of this seed happen to a new store.
    pub(crate) fn run(seed: u64, lie: Lie) -> Result<Self, Broken> {
        let runtime = runtime();
        let mut chance = Chance::new(seed);
        let folder = folder();
        let disk = Disk::mount(folder.path());
        disk.record();
        let reach = if chance.one_in(2) { Reach::Pair } else { Reach::Connection };
        let finch = Arc::new(FakeFinch::new(application(), reach));
        let empty = Arc::new(finch.copy());
        let (book, system) = (Book::default(), Arc::new(TestSystem::default()));
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
                    let store = open(folder.path()).or_broken("open")?;
                    disk.mark(Mark::Opened);
                    // Making the store is not what is lied about.
                    disk.lie(lie);
                    let wired = runtime.block_on(wire(store, &disk, &book, &finch, &system));
                    world.insert(wired.or_broken("the application")?)
                }
            };
            let alive = finch.alive();
            runtime.block_on(world.step(step));
            if let Step::EndFromDashboard { .. } = step {
                let ended = alive.into_iter().map(|(token, ..)| token);
                let ended = ended.filter(|token| !finch.accepts(token));
                book.ended_outside(ended.map(|token| token.expose().to_owned()));
                watched.intercept.mark_finch();
            }
        }
        drop(world);
        disk.unmount();
        Self::new(disk.take_tape(), Arc::default(), empty)
    }

    /// Lets a new process recover what is in `folder`.
    pub(crate) fn recovered(
        folder: &Path,
        ledger: &Ledger,
        finch: &FakeFinch,
    ) -> Result<Self, Broken> {
        let disk = Disk::mount(folder);
        disk.record();
        let (book, before) = (Book::from(ledger.clone()), Arc::new(finch.copy()));
        let finch = Arc::new(finch.copy());
        let system = recover::later();
        let store = open(folder).or_broken("open")?;
        disk.mark(Mark::Opened);
        let wired = finish(wire(store, &disk, &book, &finch, &system));
        let (world, _) = wired.or_broken("the application")?;
        finish(recover::reconcile(&world.app, &system))?;
        drop(world);
        disk.unmount();
        Self::new(disk.take_tape(), Arc::new(ledger.clone()), before)
    }
}

/// The files of a new store that is opened for the first time: set to its log, not synced, its journal
/// still there; and the rest of an earlier one that was half made.
pub(crate) fn half_opened() -> Result<Files, Broken> {
    let folder = folder();
    let disk = Disk::mount(folder.path());
    disk.record();
    drop(open(folder.path()).or_broken("open")?);
    disk.unmount();
    let tape = disk.take_tape();
    let made = |event: &Event| matches!(event, Event::Create(Name::Part, _));
    let named = |event: &Event| matches!(event, Event::Create(Name::Database, _));
    let synced = |event: &Event| matches!(event, Event::Sync(_));
    let position = |of: &dyn Fn(&Event) -> bool, from: usize| {
        let found = tape.events.iter().skip(from).position(of);
        found.map(|at| from + at).ok_or_else(|| Broken::new("the store was not made so"))
    };
    let files = |point| {
        let nothing = Arc::new(FakeFinch::new(application(), Reach::Pair));
        let mut replay = Replay::new(&tape, Arc::default(), nothing);
        replay.go_to(point);
        replay.seen()
    };
    let half_made = files(position(&synced, position(&made, 0)?)? + 1);
    let named = position(&named, 0)?;
    // The first sync is of the journal.
    let journaled = position(&synced, named)?;
    let mut files = files(position(&synced, journaled + 1)?);
    files.extend(half_made);
    Ok(files)
}

/// A world over a store and its witness.
pub(crate) async fn wire(
    store: SqliteTokenStore,
    disk: &Arc<Disk>,
    book: &Book,
    finch: &Arc<FakeFinch>,
    system: &Arc<TestSystem>,
) -> Result<(World, Arc<Intercepted<Witness>>), OpenFinchError> {
    let witness = Witness::new(disk.clone(), book.clone(), finch.clone());
    let store = Arc::new(Intercepted::new(witness, Arc::new(store)));
    let app = recover::application(finch.clone(), store.clone(), system.clone()).await?;
    let (finch, system) = (finch.clone(), system.clone());
    Ok((World::of(finch, store.clone(), app, system), store))
}

fn chosen(chance: &mut Chance, longest: usize) -> Vec<Step> {
    let seed: Vec<u8> = (0..4).flat_map(|_| chance.next_u64().to_le_bytes()).collect();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let steps = steps(longest).new_tree(&mut runner);
    steps.expect("steps").current()
}

/// Everything that the store ever said: looked at whenever a commit may have been made.
fn said(
    tape: &Tape,
    ledger: &Arc<Ledger>,
    finch: &Arc<FakeFinch>,
) -> Result<Vec<(usize, Content)>, Broken> {
    let folder = folder();
    let mut replay = Replay::new(tape, ledger.clone(), finch.clone());
    let content = |replay: &Replay<'_>| {
        Content::of_files(replay.seen(), folder.path()).or_broken("reading back what was written")
    };
    let mut said = vec![(0, content(&replay)?)];
    let mut changed = false;
    for (at, event) in tape.events.iter().enumerate() {
        let looks = match event {
            Event::Write(..) | Event::Size(..) | Event::Create(..) => {
                changed = true;
                false
            }
            Event::Delete(_) => {
                changed = true;
                true
            }
            Event::Sync(_) | Event::Lie | Event::SyncFolder => true,
            Event::SyncFailed(_) => false,
            Event::Mark(mark) => !matches!(mark, Mark::Finch(..)),
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
