//! A trial: a part of a host's day, while one operation of the disk fails, or all from one on.

use std::{path::Path, sync::Arc, time::Duration};

use finch_app::{KeysError, OpenFinchError, System as _};
use finch_core::Fingerprint;
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_testkit::{Chance, FakeFinch, Figures, Reach, application};
use finch_tests::{Step, TestSystem, World, folder};

use crate::{
    fault::{Fault, Kind, Op},
    host::{Host, options, runtime},
    image::Image,
    judge::{Broken, OrBroken as _, ensure},
    ledger::Ledger,
    recover::recover,
    replay::Replay,
    tape::{Event, Name},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A day, in parts; each begins with what the one before has left.
#[derive(Debug)]
pub struct Day {
    day: u64,
    begins: Vec<Begin>,
}

#[derive(Debug)]
struct Begin {
    image: Image,
    ledger: Ledger,
    finch: FakeFinch,
}

/// What happens in a part of a day. Days differ in the third part.
fn steps(day: u64, part: usize) -> Vec<Step> {
    let connect =
        |customer, place, credentials| Step::Connect([customer, place, place, credentials]);
    let uses = |customer| Step::ReportUnauthorized(customer, 0);
    let ends = Step::Disconnect;
    match (part, day % 4) {
        (1, _) => vec![connect(1, 0, 0), uses(1)],
        (2, _) => vec![connect(1, 0, 1)],
        (3, 0) => vec![connect(2, 1, 0)],
        // Another employer of the same customer, and a disconnect that Finch does not answer.
        (3, 1) => vec![connect(1, 1, 2), Step::FailNext(5), ends(1, 1), uses(1)],
        // An employer that Finch names later: two connections become one.
        (3, 2) => vec![Step::ConnectNameless([2, 1, 1, 0]), connect(2, 1, 1)],
        // An exchange whose answer is lost, and one that follows.
        (3, _) => vec![Step::ConnectAndLoseTheAnswer([2, 1, 1, 0]), connect(2, 1, 0)],
        (4, _) => vec![ends(1, 0), uses(1)],
        (5, _) => vec![Step::Reconcile],
        (6, _) => vec![uses(1), uses(2)],
        (7, _) => vec![connect(1, 0, 0)],
        (8, _) => vec![ends(2, 0), Step::Reconcile],
        _ => Vec::new(),
    }
}

impl Day {
    /// How many parts a day has.
    pub const PARTS: usize = 10;
    /// The parts in which the store is opened under faults. In the others it is open when they begin.
    const OPENS: [usize; 3] = [0, 6, 9];

    /// Lives through a day without a fault.
    ///
    /// # Errors
    /// What is broken.
    pub fn new(day: u64) -> Result<Self, Broken> {
        let reach = if day.is_multiple_of(2) { Reach::Pair } else { Reach::Connection };
        let first = |image| Begin {
            image,
            ledger: Ledger::default(),
            finch: FakeFinch::new(application(), reach),
        };
        let mut day = Self { day, begins: vec![first(Image::default())] };
        for part in 0..Self::PARTS - 1 {
            let (host, world) = day.live(part, None)?;
            let mut image = Image::default();
            // Copied as it stands: no transaction is under way. The log first: the writer may empty it
            // meanwhile, and what it held is then in the database.
            for name in [Name::Log, Name::Database] {
                let path = host.folder.path().join(name.file());
                if path.exists() {
                    image.files.insert(name, std::fs::read(path).or_broken("a copy")?);
                }
            }
            drop(world);
            host.leave();
            check(&host, host.folder.path(), None)?;
            let (ledger, finch) = (host.book.now(), host.finch.copy());
            day.begins.push(Begin { image, ledger, finch });
        }
        // The last part begins with a new store that was half opened when the power went.
        let half_opened = day.half_opened()?;
        day.begins[Self::PARTS - 1] = first(half_opened);
        Ok(day)
    }

    /// The files of a new store that is opened for the first time: set to its log, not synced, its journal
    /// still there.
    fn half_opened(&self) -> Result<Image, Broken> {
        let (host, world) = self.live(0, None)?;
        drop(world);
        let tape = host.leave();
        let named = |event: &Event| matches!(event, Event::Create(Name::Database, _));
        let events = tape.events.iter().enumerate().skip_while(|(_, event)| !named(event));
        // The first sync is of the journal.
        let second = events.filter(|(_, event)| matches!(event, Event::Sync(_))).nth(1);
        let (at, _) = second.ok_or_else(|| Broken("the store was not made so".into()))?;
        let mut replay = Replay::new(&tape, Arc::default(), host.finch.clone());
        replay.go_to(at);
        Ok(Image { files: replay.seen(), ..Image::default() })
    }

    /// Which day it is.
    pub fn number(&self) -> u64 {
        self.day
    }

    /// Lives through one part, with this fault: what it reached. Whether an operation failed; none did: the part
    /// was over before.
    ///
    /// # Errors
    /// What is broken.
    pub fn trial(&self, part: usize, fault: Fault, figures: &mut Figures) -> Result<bool, Broken> {
        let (host, world) = self.live(part, Some(fault))?;
        drop(world);
        let hit = host.disk.disarm();
        let tape = host.leave();
        check(&host, host.folder.path(), Some(fault))?;
        figures.hit("runs");
        let Some(hit) = hit else { return Ok(false) };
        figures.hit(&format!("{hit:?} fails"));
        let Ledger { handed_back, errors, .. } = host.book.now();
        figures.add("tokens handed back", handed_back.len() as u64);
        errors.iter().for_each(|error| figures.hit(&format!("{:?}: {error}", fault.kind)));
        if matches!(hit, Op::Write | Op::Sync | Op::Truncate | Op::Delete) {
            figures.hit("then power loss");
            let mut replay = Replay::new(&tape, Arc::default(), host.finch.clone());
            replay.go_to(tape.events.len());
            let left = folder();
            let image = Image::take(&replay, &mut Chance::new(fault.nth));
            image.write(left.path()).or_broken("the image")?;
            let checked = check(&host, left.path(), Some(fault));
            checked.map_err(|Broken(what)| Broken(format!("and then power loss: {what}")))?;
        }
        Ok(true)
    }

    /// Lives through a part of a day: the host, and the world as it then is, if its store could be opened.
    fn live(&self, part: usize, fault: Option<Fault>) -> Result<(Host, Option<World>), Broken> {
        let Begin { image, ledger, finch } = &self.begins[part];
        let system = Arc::new(TestSystem::default());
        // Days pass, and no random number comes again.
        system.pass(DAY * part as u32);
        system.fill(&mut vec![0; part * 1024]);
        let host = Host::over(image, ledger, finch, system)?;
        let world = runtime().block_on(async {
            let arm = || fault.iter().for_each(|fault| host.disk.arm(*fault));
            let opens = Self::OPENS.contains(&part);
            if opens {
                arm();
            }
            let Some(world) = open(&host).await? else { return Ok(None) };
            if !opens {
                arm();
            }
            for step in steps(self.day, part) {
                if matches!(step, Step::Reconcile) {
                    host.system.pass(DAY);
                }
                world.step(step).await;
                // The thread that writes has nothing left to do: operations come in one order.
                let unknown = Fingerprint([0; 32]);
                drop(world.store.claim_attempt(None, &unknown, &unknown, host.system.now()).await);
                let handed_back =
                    std::mem::take(&mut *world.handed_back.lock().or_broken("a lock")?);
                let handed_back = handed_back.iter().map(|token| token.expose().to_owned());
                host.book.open().handed_back.extend(handed_back);
            }
            Ok(Some(world))
        })?;
        Ok((host, world))
    }
}

/// Opens the store; once more if that fails.
async fn open(host: &Host) -> Result<Option<World>, Broken> {
    for _ in 0..2 {
        let busy_timeout = Duration::from_millis(1);
        let options = SqliteOptions { busy_timeout, ..options(host.folder.path()) };
        match SqliteTokenStore::open(options) {
            Err(error) => host.book.open().error(&error.problem),
            Ok(store) => match host.wire(store).await {
                Ok((world, _)) => return Ok(Some(world)),
                Err(OpenFinchError::Keys(KeysError::Store(_))) => {}
                Err(error) => return Err(error).or_broken("the application"),
            },
        }
    }
    Ok(None)
}

/// The host got the errors that the fault may cause, and no others. The fault is gone, and the host begins again.
fn check(host: &Host, path: &Path, fault: Option<Fault>) -> Result<(), Broken> {
    let ledger = host.book.now();
    let other = ledger.errors.iter().find(|error| !may_cause(fault, error));
    ensure(other.is_none(), || format!("the host gets {other:?}"))?;
    ensure(ledger.wrong.is_empty(), || format!("{:?}", ledger.wrong))?;
    recover(path, &ledger, &host.finch, |_| Ok(())).map(drop)
}

/// Whether a fault may cause this error of the store, or of opening it.
fn may_cause(fault: Option<Fault>, error: &str) -> bool {
    fault.is_some_and(|fault| match fault.kind {
        Kind::Io => matches!(error, "Backend" | "System"),
        Kind::Full => error == "Full",
        Kind::Busy => error == "Busy",
        Kind::ShortRead => error == "Corrupt",
    })
}
