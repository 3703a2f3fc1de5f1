//! A trial: a part of a host's day, while one operation of the disk fails, or all from one on.

use std::{path::Path, sync::Arc, time::Duration};

use finch_app::{KeysError, OpenFinchError, System as _};
use finch_core::Fingerprint;
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_testkit::{Chance, FakeFinch, Reach, application};
use finch_tests::{Step, TestSystem, World, finish, folder};
use tempfile::TempDir;

use crate::{
    disk::Disk,
    fault::{Fault, Kind, Op},
    history::{self, runtime, wire},
    image::{Image, Shape},
    judge::{Broken, OrBroken as _, ensure, judge},
    ledger::{Book, Ledger},
    recover,
    replay::{Files, Replay},
    tape::{Name, Tape},
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How a trial came out.
#[derive(Debug)]
pub struct Outcome {
    /// The first operation that failed; none: the part was over before.
    pub hit: Option<Op>,
    /// Whether the power went, too, after the fault.
    pub loses_power: bool,
    /// How many tokens an error carried back.
    pub handed_back: usize,
    /// The errors of the store, by name.
    pub errors: Vec<String>,
}

/// What a trial keeps outside of the store, which no fault touches.
struct Bench {
    folder: TempDir,
    disk: Arc<Disk>,
    book: Book,
    finch: Arc<FakeFinch>,
    system: Arc<TestSystem>,
    fault: Option<Fault>,
}

/// A day, in parts; each begins with what the one before has left.
#[derive(Debug)]
pub struct Day {
    day: u64,
    begins: Vec<Begin>,
}

#[derive(Debug)]
struct Begin {
    files: Files,
    ledger: Ledger,
    finch: FakeFinch,
}

/// What happens in a part of a day. Days differ in the third part.
fn steps(day: u64, part: usize) -> Vec<Step> {
    let (provider, company) = (1, 1);
    let connect = |customer, place, credentials| Step::Connect {
        customer,
        provider: place,
        company: place,
        credentials,
    };
    let uses = |customer| Step::ReportUnauthorized { customer, which: 0 };
    let ends = |customer, which| Step::Disconnect { customer, which };
    match (part, day % 4) {
        (1, _) => vec![connect(1, 0, 0), uses(1)],
        (2, _) => vec![connect(1, 0, 1)],
        (3, 0) => vec![connect(2, 1, 0)],
        // Another employer of the same customer, and a disconnect that Finch does not answer.
        (3, 1) => vec![connect(1, 1, 2), Step::FailNext { kind: 5 }, ends(1, 1), uses(1)],
        // An employer that Finch names later: two connections become one.
        (3, 2) => {
            vec![Step::ConnectNameless { customer: 2, provider, company }, connect(2, 1, 1)]
        }
        // An exchange whose answer is lost, and one that follows.
        (3, _) => {
            let lost = Step::ConnectAndLoseTheAnswer { customer: 2, provider, company };
            vec![lost, connect(2, 1, 0)]
        }
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
        let first = |files| Begin {
            files,
            ledger: Ledger::default(),
            finch: FakeFinch::new(application(), reach),
        };
        let mut day = Self { day, begins: vec![first(Files::new())] };
        for part in 0..Self::PARTS - 1 {
            let bench = day.bench(part, None)?;
            let world = runtime().block_on(bench.live(day.day, part))?;
            // Copied as it stands, with its log: no transaction is under way.
            let files = bench.files()?;
            drop(world);
            bench.disk.unmount();
            bench.check(bench.folder.path())?;
            let (ledger, finch) = (bench.book.now(), bench.finch.copy());
            day.begins.push(Begin { files, ledger, finch });
        }
        // The last part begins with a new store that was half opened when the power went.
        day.begins[Self::PARTS - 1] = first(history::half_opened()?);
        Ok(day)
    }

    /// Which day it is.
    pub fn number(&self) -> u64 {
        self.day
    }

    /// Lives through one part, with this fault.
    ///
    /// # Errors
    /// What is broken.
    pub fn trial(&self, part: usize, fault: Fault) -> Result<Outcome, Broken> {
        let bench = self.bench(part, Some(fault))?;
        bench.disk.record();
        drop(runtime().block_on(bench.live(self.day, part))?);
        let hit = bench.disk.disarm();
        bench.disk.unmount();
        let tape = bench.disk.take_tape();
        bench.check(bench.folder.path())?;
        let writes = [Op::Write, Op::Sync, Op::Truncate, Op::Delete];
        let loses_power = hit.is_some_and(|op| writes.contains(&op));
        if loses_power {
            let left = bench.after_power_loss(&tape, fault.nth)?;
            let checked = bench.check(left.path());
            checked.map_err(|Broken(what)| Broken(format!("and then power loss: {what}")))?;
        }
        let handed_back = bench.book.now().handed_back.len();
        Ok(Outcome { hit, loses_power, handed_back, errors: bench.book.errors() })
    }

    fn bench(&self, part: usize, fault: Option<Fault>) -> Result<Bench, Broken> {
        let begin = &self.begins[part];
        let folder = folder();
        let image = Image { files: begin.files.clone(), shape: Shape::default() };
        image.write(folder.path()).or_broken("the files of this part")?;
        let system = Arc::new(TestSystem::default());
        // Days pass, and no random number comes again.
        system.pass(DAY * part as u32);
        system.fill(&mut vec![0; part * 1024]);
        Ok(Bench {
            disk: Disk::mount(folder.path()),
            folder,
            book: Book::from(begin.ledger.clone()),
            finch: Arc::new(begin.finch.copy()),
            system,
            fault,
        })
    }
}

impl Bench {
    /// Lives through a part of a day: the world as it then is, if its store could be opened.
    async fn live(&self, day: u64, part: usize) -> Result<Option<World>, Broken> {
        let opened = match Day::OPENS.contains(&part) {
            true => None,
            false => self.open().await?,
        };
        self.fault.iter().for_each(|fault| self.disk.arm(*fault));
        let opened = match opened {
            None => self.open().await?,
            opened => opened,
        };
        let Some(world) = opened else { return Ok(None) };
        for step in steps(day, part) {
            if matches!(step, Step::Reconcile) {
                self.system.pass(DAY);
            }
            world.step(step).await;
            // The thread that writes has nothing left to do: operations come in one order.
            let unknown = Fingerprint([0; 32]);
            drop(world.store.claim_attempt(None, &unknown, &unknown, self.system.now()).await);
            let handed_back = std::mem::take(&mut *world.handed_back.lock().or_broken("a lock")?);
            self.book.handed_back(handed_back.iter().map(|token| token.expose().to_owned()));
        }
        Ok(Some(world))
    }

    /// Opens the store; once more if that fails.
    async fn open(&self) -> Result<Option<World>, Broken> {
        for _ in 0..2 {
            let options = history::options(self.folder.path());
            match SqliteTokenStore::open(SqliteOptions {
                busy_timeout: Duration::from_millis(1),
                ..options
            }) {
                Err(error) => self.book.error(&error),
                Ok(store) => {
                    match wire(store, &self.disk, &self.book, &self.finch, &self.system).await {
                        Ok((world, _)) => return Ok(Some(world)),
                        Err(OpenFinchError::Keys(KeysError::Store(_))) => {}
                        Err(error) => return Err(error).or_broken("the application"),
                    }
                }
            }
        }
        Ok(None)
    }

    fn files(&self) -> Result<Files, Broken> {
        let mut files = Files::new();
        // The log first: the writer may empty it meanwhile, and what it held is then in the database.
        for name in [Name::Log, Name::Database] {
            let path = self.folder.path().join(name.file());
            if path.exists() {
                files.insert(name, std::fs::read(path).or_broken("a copy")?);
            }
        }
        Ok(files)
    }

    /// What is left if the power goes right after.
    fn after_power_loss(&self, tape: &Tape, seed: u64) -> Result<TempDir, Broken> {
        let mut replay = Replay::new(tape, Arc::default(), self.finch.clone());
        replay.go_to(tape.events.len());
        let folder = folder();
        let image = Image::take(&replay, &mut Chance::new(seed));
        image.write(folder.path()).or_broken("the image")?;
        Ok(folder)
    }

    /// The host got the errors that the fault may cause, and no others. The fault is gone, and the host begins again.
    fn check(&self, path: &Path) -> Result<(), Broken> {
        let errors = self.book.errors();
        let other = errors.iter().find(|error| !may_cause(self.fault, error));
        ensure(other.is_none(), || format!("the host gets {other:?}"))?;
        let ledger = self.book.now();
        ensure(ledger.wrong.is_empty(), || format!("{:?}", ledger.wrong))?;
        let store = Arc::new(history::open(path).or_broken("open, after the fault")?);
        let db = rusqlite::Connection::open(path.join("finch.db")).or_broken("a second look")?;
        let system = recover::later();
        let found = finish(judge(&*store, &db, &ledger, &self.finch, system.now()))?;
        let finch = Arc::new(self.finch.copy());
        let app = recover::application(finch.clone(), store.clone(), system.clone());
        let app = finish(app).or_broken("the application")?;
        finish(recover::reconcile(&app, &system))?;
        finish(recover::at_rest(&*store, &finch, &ledger, &found))
    }
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
