//! The one writer: a thread of its own with its own connection. It takes all jobs that wait into one
//! transaction, each in a savepoint, commits, and only then answers. One sync to disk serves all.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::{
    error::{Fault, Result},
    identity::bound_to,
    same_file::SameFile,
    sealer::Sealer,
    settings, values,
};

/// As many jobs go into one transaction at most: beyond, the disk is the limit and not the sync.
const LARGEST_BATCH: usize = 1000;
/// How long emptying the log waits for readers, and when it is tried again.
const LOG_PATIENCE: Duration = Duration::from_millis(50);
const LOG_RETRY: Duration = Duration::from_secs(1);

/// What a job writes with.
pub(crate) struct Tx<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) sealer: &'a Sealer,
    wiped: Cell<bool>,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(db: &'a Connection, sealer: &'a Sealer) -> Self {
        Self { db, sealer, wiped: Cell::new(false) }
    }

    /// A secret was wiped: the log, which still has it, is emptied after the commit.
    pub(crate) fn wiped(&self) {
        self.wiped.set(true);
    }
}

/// One job: runs in the transaction, or learns that there is none.
struct Job {
    seals: usize,
    run: Run,
}

type Run = Box<dyn FnOnce(Result<&Tx<'_>>) -> Done + Send>;

/// A job that ran: whether its writes stay, and who waits for the commit.
struct Done {
    undo: Option<Option<Arc<rusqlite::Error>>>,
    answer: Answer,
}

type Answer = Box<dyn FnOnce(Option<Fault>) + Send>;

/// The way to the thread. Dropping it waits until all jobs are done.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(
        db: Connection,
        file: SameFile,
        sealer: Arc<Sealer>,
        busy_timeout: Duration,
    ) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let thread = thread::Builder::new().name("finch-sqlite writer".to_owned());
        let thread = thread.spawn(move || Loop::new(db, file, sealer, busy_timeout).run(&queue))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `work` in a transaction, and returns once that is on disk. A caller that goes away
    /// cancels nothing.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.write_sealing(0, work).await
    }

    /// The same, for work that may seal so many secrets.
    pub(crate) async fn write_sealing<T: Send + 'static>(
        &self,
        seals: usize,
        work: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (tell, told) = oneshot::channel();
        let run = Box::new(move |tx: Result<&Tx<'_>>| {
            let result = tx.and_then(work);
            let undo = result.as_ref().err().map(|fault| match fault {
                Fault::Sqlite(error) => Some(Arc::clone(error)),
                _ => None,
            });
            let answer = Box::new(move |failed: Option<Fault>| {
                // Nobody may be waiting any more.
                let _ = tell.send(match failed {
                    Some(fault) => result.and(Err(fault)),
                    None => result,
                });
            });
            Done { undo, answer }
        });
        let jobs = self.jobs.as_ref().ok_or(Fault::Stopped)?;
        jobs.send(Job { seals, run }).map_err(|_| Fault::Stopped)?;
        told.await.map_err(|_| Fault::Stopped)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // It only fails if a job panicked, and then its caller knows.
            let _ = thread.join();
        }
    }
}

struct Loop {
    db: Connection,
    file: SameFile,
    sealer: Arc<Sealer>,
    busy_timeout: Duration,
    log_is_due: bool,
    /// What the store is bound to, as far as that has been compared with this process's application.
    bound: RefCell<Option<String>>,
}

impl Loop {
    fn new(db: Connection, file: SameFile, sealer: Arc<Sealer>, busy_timeout: Duration) -> Self {
        Self { db, file, sealer, busy_timeout, log_is_due: true, bound: RefCell::default() }
    }

    fn run(mut self, queue: &Receiver<Job>) {
        loop {
            self.empty_log();
            let first = match self.log_is_due {
                true => queue.recv_timeout(LOG_RETRY),
                false => queue.recv().map_err(RecvTimeoutError::from),
            };
            match first {
                Ok(job) => {
                    let mut jobs = VecDeque::from([job]);
                    jobs.extend(queue.try_iter().take(LARGEST_BATCH - 1));
                    while !jobs.is_empty() {
                        self.commit(&mut jobs);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    /// Runs jobs in one transaction and answers them. Jobs are left only if SQLite gave the whole
    /// transaction up half way.
    fn commit(&mut self, jobs: &mut VecDeque<Job>) {
        let mut answers = Vec::with_capacity(jobs.len());
        let failed = self.transaction(jobs, &mut answers).err();
        if let (Some(error), true) = (&failed, answers.is_empty()) {
            // It never began: this is everybody's answer.
            let fail = |job: Job| (job.run)(Err(Fault::of_commit(error))).answer;
            answers.extend(jobs.drain(..).map(fail));
        }
        for answer in answers {
            answer(failed.as_ref().map(Fault::of_commit));
        }
    }

    fn transaction(
        &mut self,
        jobs: &mut VecDeque<Job>,
        answers: &mut Vec<Answer>,
    ) -> Result<(), Arc<rusqlite::Error>> {
        let transaction = self.begin(jobs.iter().map(|job| job.seals).sum())?;
        let tx = Tx::new(&transaction, &self.sealer);
        // A job alone needs no savepoint, whose journal is searched for each statement of a large one.
        let alone = jobs.len() == 1;
        while !jobs.is_empty() {
            if !alone {
                tx.db.prepare_cached("SAVEPOINT job")?.execute([])?;
            }
            let Some(job) = jobs.pop_front() else { break };
            let Done { undo, answer } = (job.run)(Ok(&tx));
            answers.push(answer);
            // After some errors SQLite has rolled everything back by itself.
            if tx.db.is_autocommit() {
                let lost = undo.flatten();
                return Err(lost.unwrap_or_else(|| Arc::new(rusqlite::Error::InvalidQuery)));
            }
            if alone && undo.is_some() {
                return transaction.rollback().map_err(Arc::new);
            }
            if undo.is_some() {
                tx.db.prepare_cached("ROLLBACK TO job")?.execute([])?;
            }
            if !alone {
                tx.db.prepare_cached("RELEASE job")?.execute([])?;
            }
        }
        let wiped = tx.wiped.get();
        transaction.commit()?;
        self.log_is_due |= wiped;
        // Nothing is acknowledged that is written where nobody finds it.
        self.file.check()?;
        Ok(())
    }

    /// Begins to write, with so many seals of the newest data key spoken for: no process seals with an
    /// older one once a newer one is there.
    fn begin(&self, seals: usize) -> Result<Transaction<'_>, Arc<rusqlite::Error>> {
        self.file.check()?;
        loop {
            self.sealer.reserve(&self.db, seals)?;
            let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
            self.check_binding()?;
            let newest = || values::first(&self.db, "SELECT max(epoch) FROM keys", []);
            if seals == 0 || newest()? == Some(self.sealer.epoch()) {
                return Ok(transaction);
            }
            drop(transaction);
            self.sealer.reload(&self.db).map_err(as_sqlite_error)?;
        }
    }

    /// Another process may have bound the store to another application while it was empty.
    fn check_binding(&self) -> Result<(), Arc<rusqlite::Error>> {
        let sql = "SELECT client_id || ' ' || origin FROM store";
        let found: Option<String> = values::first(&self.db, sql, [])?;
        if *self.bound.borrow() == found {
            return Ok(());
        }
        if bound_to(&self.db).map_err(as_sqlite_error)? != *self.sealer.application() {
            return Err(as_sqlite_error(Fault::BoundToAnother));
        }
        *self.bound.borrow_mut() = found;
        Ok(())
    }

    fn empty_log(&mut self) {
        if self.log_is_due {
            let _ = self.db.busy_timeout(LOG_PATIENCE);
            self.log_is_due = !settings::empty_log(&self.db).unwrap_or(false);
            let _ = self.db.busy_timeout(self.busy_timeout);
        }
    }
}

/// A fault where one of SQLite's is expected.
fn as_sqlite_error(fault: Fault) -> Arc<rusqlite::Error> {
    let why = finch_core::StoreError::from(fault);
    Arc::new(rusqlite::Error::ToSqlConversionFailure(Box::new(why)))
}
