//! The one writer: a thread of its own with its own connection. It takes all jobs that wait into one
//! transaction, each in a savepoint, commits, and only then answers. One sync to disk serves all.

use std::{
    cell::Cell,
    collections::VecDeque,
    io,
    ops::Deref,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use finch_core::{Application, Binding, Seq};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::{
    database::empty_log,
    error::{Fault, Result, STOPPED},
    same_file::SameFile,
};

/// As many jobs go into one transaction at most: beyond, the disk is the limit and not the sync.
const LARGEST_BATCH: usize = 1000;
/// How long emptying the log waits for readers.
const LOG_PATIENCE: Duration = Duration::from_millis(50);
/// After how long it is tried again.
const LOG_RETRY: Duration = Duration::from_secs(1);

/// Runs in the transaction, or learns that there is none.
type Work = Box<dyn FnOnce(Result<&Batch<'_>>) -> Done + Send>;

/// A transaction, and the last number of the sequence that it has taken: it is written once, at the end.
pub(crate) struct Batch<'a> {
    transaction: Transaction<'a>,
    last: Cell<u64>,
}

impl Batch<'_> {
    /// The next number of the one sequence. It is free again if what took it fails.
    pub(crate) fn next(&self) -> Seq {
        self.last.update(|last| last + 1);
        Seq(self.last.get())
    }
}

impl Deref for Batch<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.transaction
    }
}

struct Job {
    work: Work,
    /// How soon after the commit the log is to be emptied, since it has bytes that the job overwrites.
    log_due: Option<Duration>,
}

/// A job that ran: why its writes are undone, if they are, and who waits for the commit.
struct Done {
    failed: Option<Fault>,
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
        binding: &Binding,
        busy_timeout: Duration,
    ) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let thread = thread::Builder::new().name("finch-sqlite writer".to_owned());
        // A process that died may have left secrets in the log.
        let Application { client_id, origin } = &binding.application;
        let binding = format!("{} {}", client_id.as_str(), origin.as_str());
        let work = Loop { db, file, binding, busy_timeout, log_due: Some(Instant::now()) };
        let thread = thread.spawn(move || work.run(&queue))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `work` in a transaction, and returns once that is on disk. A caller that goes away
    /// cancels nothing. `log_due`: how soon the log is to be emptied then, for what `work` overwrites.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        log_due: Option<Duration>,
        work: impl FnOnce(&Batch<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, answer) = oneshot::channel();
        let work: Work = Box::new(move |batch| {
            let result = batch.and_then(work);
            let failed = result.as_ref().err().cloned();
            let answer = Box::new(move |lost: Option<Fault>| {
                // The caller may have gone away.
                let _ = sender.send(match lost {
                    Some(fault) => result.and(Err(fault)),
                    None => result,
                });
            });
            Done { failed, answer }
        });
        let jobs = self.jobs.as_ref().ok_or(STOPPED)?;
        jobs.send(Job { work, log_due }).map_err(|_| STOPPED)?;
        answer.await.map_err(|_| STOPPED)?
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
    binding: String,
    busy_timeout: Duration,
    /// When the log is to be emptied.
    log_due: Option<Instant>,
}

impl Loop {
    fn run(mut self, queue: &Receiver<Job>) {
        loop {
            let first = match self.log_due {
                Some(at) => queue.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => queue.recv().map_err(RecvTimeoutError::from),
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
            if self.log_due.is_some_and(|at| at <= Instant::now()) {
                self.empty_log();
            }
        }
    }

    /// Runs jobs in one transaction and answers them. Jobs are left only if SQLite gave the whole
    /// transaction up half way.
    fn commit(&mut self, jobs: &mut VecDeque<Job>) {
        let log_due = jobs.iter().filter_map(|job| job.log_due).min();
        let mut answers = Vec::with_capacity(jobs.len());
        let lost = self.batch(jobs, &mut answers).err();
        if answers.is_empty()
            && let Some(fault) = &lost
        {
            // It never began: every job gets this answer.
            answers.extend(jobs.drain(..).map(|job| (job.work)(Err(fault.clone())).answer));
        }
        for answer in answers {
            answer(lost.clone());
        }
        let due = log_due.map(|within| Instant::now() + within);
        self.log_due = [self.log_due, due].into_iter().flatten().min();
    }

    fn batch(&self, jobs: &mut VecDeque<Job>, answers: &mut Vec<Answer>) -> Result<()> {
        let batch = self.begin()?;
        let first = batch.last.get();
        // A job alone needs no savepoint, whose journal is searched for each statement of a large one.
        let alone = jobs.len() == 1;
        while !jobs.is_empty() {
            if !alone {
                batch.prepare_cached("SAVEPOINT job")?.execute([])?;
            }
            let Some(job) = jobs.pop_front() else { break };
            let last = batch.last.get();
            let Done { failed, answer } = (job.work)(Ok(&batch));
            answers.push(answer);
            match failed {
                // After some errors SQLite has rolled everything back by itself.
                failed if batch.is_autocommit() => return Err(failed.unwrap_or(STOPPED)),
                Some(_) if alone => return Ok(batch.transaction.rollback()?),
                Some(_) => {
                    batch.execute_batch("ROLLBACK TO job; RELEASE job")?;
                    batch.last.set(last);
                }
                None if alone => {}
                None => drop(batch.prepare_cached("RELEASE job")?.execute([])?),
            }
        }
        if batch.last.get() != first {
            batch.prepare_cached("UPDATE store SET seq = ?1")?.execute([batch.last.get()])?;
        }
        batch.transaction.commit()?;
        // Nothing is acknowledged that is written to a file which is not there any more.
        Ok(self.file.check()?)
    }

    fn begin(&self) -> Result<Batch<'_>> {
        self.file.check()?;
        let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        let (binding, last) = transaction
            .prepare_cached("SELECT client_id || ' ' || origin, seq FROM store")?
            .query_row([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        // Another process may have bound the store to another application while it was empty.
        if binding != self.binding {
            return Err(Fault::Closed("the store was bound to another application meanwhile"));
        }
        Ok(Batch { transaction, last: Cell::new(last) })
    }

    /// Empties the log, or finds that a reader still needs it: then later.
    fn empty_log(&mut self) {
        let _ = self.db.busy_timeout(LOG_PATIENCE);
        let emptied = empty_log(&self.db).unwrap_or(false);
        self.log_due = if emptied { None } else { Some(Instant::now() + LOG_RETRY) };
        let _ = self.db.busy_timeout(self.busy_timeout);
    }
}
