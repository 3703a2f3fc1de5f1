//! A trial: a day in the life of a host, while one operation of the disk fails, or all from one on.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use finch_app::System as _;
use finch_core::{ConnectionId, Fingerprint, TokenStore};
use finch_testkit::{Chance, FakeFinch, Reach, application};
use finch_tests::TestSystem;
use tempfile::TempDir;

use crate::{
    disk::Disk,
    fault::{Fault, Kind, Op},
    history,
    host::Host,
    image::{Image, Shape},
    judge::{Broken, OrBroken as _, judge},
    ledger::{Book, Ledger},
    quiet::{quietly, runtime},
    recover,
    replay::{Files, Replay},
    tape::Tape,
};

/// How a trial came out.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The first operation that failed; none: the part was over before.
    pub hit: Option<Op>,
    /// Whether the power went, too, after the fault.
    pub loses_power: bool,
    /// How many tokens an error carried back.
    pub handed_back: usize,
    /// What the host heard, by name.
    pub heard: BTreeMap<String, u64>,
}

/// What a trial keeps outside of the store, which no fault touches.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) disk: Arc<Disk>,
    pub(crate) book: Book,
    pub(crate) finch: Arc<FakeFinch>,
    pub(crate) system: Arc<TestSystem>,
    /// The last handle of each provider and company.
    pub(crate) handles: Handles,
    /// Tokens that an error carried back.
    pub(crate) handed_back: BTreeSet<String>,
    pub(crate) heard: BTreeMap<String, u64>,
    fault: Option<Fault>,
}

type Handles = BTreeMap<(String, String), ConnectionId>;

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
    handles: Handles,
}

impl Day {
    /// How many parts a day has.
    pub const PARTS: usize = 10;
    /// The parts that begin with opening the store. In the others it is open when faults begin.
    pub(crate) const OPENS: [usize; 3] = [0, 6, 9];

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
            handles: Handles::new(),
        };
        let mut day = Self { day, begins: vec![first(Files::new())] };
        for part in 0..Self::PARTS - 1 {
            let mut bench = day.bench(part, None)?;
            let host = runtime().block_on(Host::new(&mut bench).part(day.day, part))?;
            // Copied as it stands, with its log: no transaction is under way.
            let files = host.files()?;
            drop(host);
            bench.disk.unmount();
            aftermath(&bench, bench.folder.path())?;
            let (ledger, finch) = (bench.book.now(), bench.finch.copy());
            day.begins.push(Begin { files, ledger, finch, handles: bench.handles });
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
        let mut bench = self.bench(part, Some(fault))?;
        bench.disk.record();
        drop(runtime().block_on(Host::new(&mut bench).part(self.day, part))?);
        let hit = bench.disk.disarm();
        bench.disk.unmount();
        let tape = bench.disk.take_tape();
        aftermath(&bench, bench.folder.path())?;
        let writes = [Op::Write, Op::Sync, Op::Truncate, Op::Delete];
        let loses_power = hit.is_some_and(|op| writes.contains(&op));
        if loses_power {
            let left = then_power_loss(&tape, &bench, fault.nth)?;
            aftermath(&bench, left.path())
                .map_err(|Broken(what)| Broken(format!("and then power loss: {what}")))?;
        }
        let handed_back = bench.handed_back.len();
        Ok(Outcome { hit, loses_power, handed_back, heard: bench.heard })
    }

    fn bench(&self, part: usize, fault: Option<Fault>) -> Result<Bench, Broken> {
        let begin = &self.begins[part];
        let folder = history::folder();
        let image = Image { files: begin.files.clone(), shape: Shape::default() };
        image.write(folder.path()).or_broken("the files of this part")?;
        let system = Arc::new(TestSystem::default());
        // Days pass, and no random number comes again.
        system.pass(Duration::from_secs(24 * 3600 * part as u64));
        system.fill(&mut vec![0; part * 1024]);
        Ok(Bench {
            disk: Disk::mount(folder.path()),
            folder,
            book: Book::from(begin.ledger.clone()),
            finch: Arc::new(begin.finch.copy()),
            system,
            handles: begin.handles.clone(),
            handed_back: BTreeSet::new(),
            heard: BTreeMap::new(),
            fault,
        })
    }
}

/// What is left if the power goes right after.
fn then_power_loss(tape: &Tape, bench: &Bench, seed: u64) -> Result<TempDir, Broken> {
    let mut replay = Replay::new(tape, Arc::default(), bench.finch.clone());
    replay.go_to(tape.events.len());
    let folder = history::folder();
    let image = Image::take(&replay, &mut Chance::new(seed));
    image.write(folder.path()).or_broken("the image")?;
    Ok(folder)
}

/// The fault is gone, and the host begins again.
fn aftermath(bench: &Bench, path: &Path) -> Result<(), Broken> {
    let store = Arc::new(history::open(path).or_broken("open, after the fault")?);
    let db = rusqlite::Connection::open(path.join("finch.db")).or_broken("a second look")?;
    let (ledger, system) = (bench.book.now(), recover::later());
    let truth = &bench.finch;
    let judged = judge(&*store, &db, &ledger, truth, &bench.handed_back, system.now());
    let found = quietly(judged)?;
    let finch = Arc::new(truth.copy());
    let app = recover::application(finch.clone(), store.clone(), system.clone());
    let app = quietly(app)?;
    quietly(recover::reconcile(&app, &system))?;
    quietly(recover::at_rest(&*store, &finch, &ledger, &found))
}

/// A type of the store's errors that the host may get under a fault of this kind.
pub(crate) fn may_get(fault: Option<Fault>, what: &str) -> bool {
    let Some(fault) = fault else { return false };
    match fault.kind {
        Kind::Io => what == "Backend",
        Kind::Full => what == "Full",
        Kind::Busy => what == "Busy",
        Kind::ShortRead => what == "Corrupt",
    }
}

impl Bench {
    /// From here on operations count, and fail.
    pub(crate) fn start_failing(&self) {
        if let Some(fault) = self.fault {
            self.disk.arm(fault);
        }
    }

    /// Notes an error of the store's, if this fault may cause it.
    pub(crate) fn note_error(
        &mut self,
        what: &str,
        error: &dyn std::fmt::Debug,
    ) -> Result<(), Broken> {
        *self.heard.entry(what.to_owned()).or_default() += 1;
        if may_get(self.fault, what) {
            return Ok(());
        }
        Err(Broken(format!("the host gets {what}: {error:?}")))
    }

    /// A token is handed out: it must be one of Finch's, and not one that was taken back.
    pub(crate) fn is_handed(&self, secret: &str) -> Result<(), Broken> {
        let ledger = self.book.now();
        let taken_back = |known: &&crate::ledger::Known| {
            known.secret.as_deref() == Some(secret) && !known.state.is_live()
        };
        if let Some(known) = ledger.tokens.values().find(taken_back) {
            return Err(Broken(format!("handed out after it was acknowledged {:?}", known.state)));
        }
        let issued = self.finch.issued().iter().any(|token| token.expose() == secret);
        if issued { Ok(()) } else { Err(Broken::new("handed out, and never issued")) }
    }
}

/// Waits until the thread that writes has nothing left to do, so that operations come in one order.
pub(crate) async fn settled(store: &dyn TokenStore, bench: &Bench) {
    let unknown = Fingerprint([0; 32]);
    drop(store.claim_attempt(None, &unknown, &unknown, bench.system.now()).await);
}
