//! The gate: where every call of a port waits until the scheduler lets it go on.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, Weak},
};

use tokio::sync::oneshot;

use crate::{executor::Executor, fault::Fault, finch::lock};

/// What kind of call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Read,
    Write,
    /// A call to Finch, before Finch sees it.
    Send,
    /// Its answer, before the caller sees it.
    Answer,
    Sleep,
}

/// Where a call waits: its kind and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) kind: Kind,
    /// Its name, such as `commit` or `disconnect`.
    pub(crate) name: &'static str,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Read => "read",
            Kind::Write => "write",
            Kind::Send => "send",
            Kind::Answer => "answer of",
            Kind::Sleep => "sleep",
        };
        write!(f, "{kind} {}", self.name)
    }
}

/// A call that waits.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) number: u64,
    pub(crate) host: usize,
    /// Which of the scheduler's tasks caused it.
    pub(crate) task: usize,
    pub(crate) point: Point,
    /// The secret that a call to Finch carries.
    pub(crate) with: Option<Arc<str>>,
    pub(crate) until: Option<i64>,
    pub(crate) since: i64,
}

struct Parked {
    waiting: Waiting,
    /// Gone once its caller does not wait for it any more.
    waits: Weak<()>,
    go: Go,
}

/// Runs a call to its end, on its host's executor if it must; what came of it, in words. The caller gets the
/// answer when its host runs again.
pub(crate) type Go = Box<dyn FnOnce(Option<Fault>, &Executor) -> String + Send>;

/// What a call is about, for the choice among those that wait.
pub(crate) struct About {
    pub(crate) point: Point,
    pub(crate) with: Option<Arc<str>>,
    pub(crate) until: Option<i64>,
}

impl From<Point> for About {
    fn from(point: Point) -> Self {
        Self { point, with: None, until: None }
    }
}

#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    arrived: u64,
    parked: Vec<Parked>,
    /// Which of the scheduler's tasks a task of the runtime belongs to.
    tasks: HashMap<(usize, tokio::task::Id), usize>,
    /// The scheduler's task that runs now: what is spawned meanwhile is its own.
    current: usize,
    now: i64,
}

impl Gate {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.0)
    }

    pub(crate) fn is_now(&self, now: i64) {
        self.inner().now = now;
    }

    /// From now on, unknown tasks belong to this one.
    pub(crate) fn runs(&self, task: usize) {
        self.inner().current = task;
    }

    /// Waits until the scheduler runs `run`: the answer, and the same in words. The caller need not be waiting
    /// for it just then: it may be renewing its lease.
    pub(crate) async fn pass<T: Send + 'static>(
        &self,
        host: usize,
        about: About,
        run: impl FnOnce(Option<Fault>) -> (T, String) + Send + 'static,
    ) -> T {
        let (sender, answered) = oneshot::channel();
        let go = move |fault, _: &Executor| {
            let (answer, said) = run(fault);
            let _ = sender.send(answer);
            said
        };
        self.wait(host, about, Box::new(go), answered).await
    }

    /// Waits for a turn, and then runs `run` in the task of the caller, which must be waiting for it: the
    /// answer, and the same in words.
    pub(crate) async fn pass_in_task<T>(
        &self,
        host: usize,
        about: About,
        run: impl FnOnce(Option<Fault>) -> (T, String),
    ) -> T {
        let (turn, its_turn) = oneshot::channel();
        let go = move |fault, executor: &Executor| {
            let (ran, mut has_run) = oneshot::channel();
            let _ = turn.send((fault, ran));
            executor.run_until_idle();
            let (said, answers): (_, oneshot::Sender<()>) =
                has_run.try_recv().expect("a caller that waits");
            let _ = answers.send(());
            said
        };
        let (fault, ran) = self.wait(host, about, Box::new(go), its_turn).await;
        let (answer, said) = run(fault);
        let (answers, is_answered) = oneshot::channel();
        let _ = ran.send((said, answers));
        // The host may crash before it is.
        let _ = is_answered.await;
        answer
    }

    async fn wait<T>(
        &self,
        host: usize,
        about: About,
        go: Go,
        answered: oneshot::Receiver<T>,
    ) -> T {
        let waiting = Arc::new(());
        {
            let mut inner = self.inner();
            inner.arrived += 1;
            let (number, current) = (inner.arrived, inner.current);
            let task = match tokio::task::try_id() {
                Some(id) => *inner.tasks.entry((host, id)).or_insert(current),
                None => current,
            };
            let About { point, with, until } = about;
            let (since, waits) = (inner.now, Arc::downgrade(&waiting));
            let waiting = Waiting { number, host, task, point, with, until, since };
            inner.parked.push(Parked { waiting, waits, go });
        }
        let result = answered.await;
        drop(waiting);
        match result {
            Ok(result) => result,
            Err(_) => std::future::pending().await,
        }
    }

    /// What waits, in the order of arrival.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        self.inner().parked.iter().map(|parked| parked.waiting.clone()).collect()
    }

    /// Forgets what no task waits for any more.
    pub(crate) fn tidy(&self) {
        self.inner().parked.retain(|parked| parked.waits.strong_count() > 0);
    }

    /// The call of this number, to be run.
    pub(crate) fn take(&self, number: u64) -> Go {
        let parked = &mut self.inner().parked;
        let at = parked.iter().position(|parked| parked.waiting.number == number);
        parked.remove(at.expect("a call that waits")).go
    }

    /// A host has crashed: nothing of it waits any more.
    pub(crate) fn forget(&self, host: usize) {
        let mut inner = self.inner();
        inner.tasks.retain(|(of, _), _| *of != host);
        let gone: Vec<Parked> =
            inner.parked.extract_if(.., |parked| parked.waiting.host == host).collect();
        drop(inner);
        drop(gone);
    }
}
