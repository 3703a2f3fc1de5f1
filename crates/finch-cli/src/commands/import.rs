//! `finch import`: take over tokens that the application has already.

mod columns;
mod lines;
mod list;
mod row;
mod summary;

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use finch_app::{Finch, OperatorScope, Pace, RunError};
use tokio::sync::mpsc;

use self::{list::List, row::Row, summary::Summary};
use crate::{
    args::{Format, ImportArgs},
    fail::{Exit, Failure},
    interrupt, output,
    progress::Progress,
    wiring,
};

/// How many rows are read ahead of the one that Finch is asked about.
const AHEAD: usize = 256;

/// How often a signal is looked for while the input is silent.
const SIGNAL_CHECK: Duration = Duration::from_millis(200);

/// What the reader sends.
enum Read {
    Row(Row),
    /// The last row was read; these columns are not used.
    End(Vec<String>),
    Unusable(Failure),
}

pub(crate) async fn run(args: &ImportArgs, json: bool) -> Result<Exit, Failure> {
    let scope = args.paced.operator.scope()?;
    let file = args.file.as_deref().filter(|path| *path != Path::new("-"));
    let opened = file.map(open).transpose()?;
    if opened.is_none() && io::stdin().is_terminal() {
        return Err(Failure::usage("there are no tokens: standard input is a terminal")
            .help("give a file: finch import FILE; or pipe it in: finch import < FILE"));
    }
    let finch = wiring::open_to_import(&args.paced.client).await?;
    let size = opened.as_ref().and_then(|file| file.metadata().ok()).filter(|m| m.is_file());
    let bar = Progress::over("Importing", size.map(|metadata| metadata.len()));
    let from = read_in_background(opened, args.format, file.unwrap_or(Path::new("-")).to_owned());
    let stopped = AtomicBool::new(false);
    let mut summary = Summary::new(json);
    let work = import(&finch, &scope, from, args.paced.rate, &bar, &stopped, &mut summary);
    let ended = interrupt::wind_up(work, &stopped, "run the same again: it goes on").await?;
    drop(bar);
    if let Err(failure) = &ended
        && summary.lines == 0
        && failure.exit == Exit::Usage
    {
        return ended.map(|()| Exit::Done);
    }
    let exit = output::done(&summary, json);
    ended.map(|()| exit)
}

fn open(path: &Path) -> Result<File, Failure> {
    let file = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
        true => Err(io::ErrorKind::IsADirectory.into()),
        false => Ok(file),
    });
    file.map_err(|error| Failure::unreadable("tokens", path, &error))
}

/// Reads on a thread of its own, so that a silent pipe delays no signal.
fn read_in_background(
    file: Option<File>,
    format: Option<Format>,
    path: PathBuf,
) -> mpsc::Receiver<Read> {
    let (to, from) = mpsc::channel(AHEAD);
    std::thread::spawn(move || match file {
        Some(file) => {
            send(List::new(BufReader::with_capacity(64 * 1024, file), format, path), &to);
        }
        None => send(List::new(io::stdin().lock(), format, path), &to),
    });
    from
}

fn send(mut list: List<impl BufRead>, to: &mpsc::Sender<Read>) {
    loop {
        let read = match list.next() {
            Ok(Some(row)) => Read::Row(row),
            Ok(None) => Read::End(list.ignored()),
            Err(failure) => Read::Unusable(failure),
        };
        let is_last = !matches!(read, Read::Row(_));
        // The receiver is gone when the import was stopped.
        if to.blocking_send(read).is_err() || is_last {
            return;
        }
    }
}

async fn import(
    finch: &Finch,
    scope: &OperatorScope,
    mut from: mpsc::Receiver<Read>,
    every: Duration,
    bar: &Progress,
    stopped: &AtomicBool,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let goes_on = || !stopped.load(Ordering::SeqCst);
    let on_wait = |wait| bar.waits(wait);
    let pace = Pace::of(every).while_(&goes_on).telling(&on_wait);
    let mut ahead = VecDeque::new();
    while goes_on() {
        let row = match ahead.pop_front() {
            Some(Read::Row(row)) => row,
            Some(Read::End(ignored)) => {
                summary.ignored_columns = ignored;
                summary.stopped = false;
                return Ok(());
            }
            Some(Read::Unusable(failure)) => return Err(failure),
            None => {
                let mut more = Vec::with_capacity(AHEAD);
                let next = from.recv_many(&mut more, AHEAD);
                match tokio::time::timeout(SIGNAL_CHECK, next).await {
                    Ok(0) => return Ok(()),
                    Ok(_) => ahead.extend(more),
                    Err(_) => {}
                }
                continue;
            }
        };
        bar.along(row.read, summary.done(), "tokens");
        match row.content {
            Err(bad) => summary.bad(row.line, bad),
            Ok(token) => match finch.import(scope, &token, &pace).await {
                Ok(what) => summary.add(row.line, token.customer, what),
                Err(RunError::Stopped) => return Ok(()),
                Err(error) => return Err(Failure::while_("the import stopped", &error)),
            },
        }
    }
    Ok(())
}
