//! `finch import`: take over tokens that the application has already.

mod csv;
mod lines;
mod row;
mod summary;

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use finch_app::{Finch, OperatorScope, Pace, RunError};
use tokio::sync::mpsc;

use self::{
    lines::Lines,
    row::{Bad, Row, Rows},
    summary::Summary,
};
use crate::{
    args::ImportArgs,
    fail::{Exit, Failure, run_stopped},
    interrupt, output,
    progress::Progress,
    wiring,
};

/// So many lines are read ahead of the one that is asked about.
const AHEAD: usize = 256;

/// While a pipe is silent, it is looked so often whether somebody wants to stop.
const LISTENS_EVERY: Duration = Duration::from_millis(200);

/// What comes from the reader.
enum Read {
    Row(Row),
    /// The last line was read; these columns are not used.
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
    let finch = wiring::open_to_import(&args.paced.client)?;
    let size = opened.as_ref().and_then(|file| file.metadata().ok()).filter(|m| m.is_file());
    let bar = Progress::over("Importing", size.map(|metadata| metadata.len()));
    let rows = Rows::new(args.format, file);
    let from = read_in_background(opened, rows, file.map(Path::to_owned));
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

/// A thread of its own reads, so that a pipe that is silent keeps no signal waiting.
fn read_in_background(
    file: Option<File>,
    rows: Rows,
    path: Option<std::path::PathBuf>,
) -> mpsc::Receiver<Read> {
    let (to, from) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        let path = path.unwrap_or_else(|| "-".into());
        match file {
            Some(file) => read(BufReader::with_capacity(64 * 1024, file), rows, &path, &to),
            None => read(io::stdin().lock(), rows, &path, &to),
        }
    });
    from
}

fn read(from: impl BufRead, mut rows: Rows, path: &Path, to: &mpsc::Sender<Read>) {
    let mut lines = Lines::new(from);
    loop {
        let holds = match lines.next() {
            Err(error) => {
                let failure = Failure::unreadable("tokens", path, &error);
                let _ = to.blocking_send(Read::Unusable(failure));
                return;
            }
            Ok(None) => break,
            Ok(Some(None)) => Ok(Some(Err(Bad::too_long()))),
            Ok(Some(Some(line))) => rows.read(line),
        };
        let read = match holds {
            Ok(None) => continue,
            Ok(Some(holds)) => {
                let (line, bytes, named) = (lines.number, lines.bytes, rows.is_named());
                Read::Row(Row { line, bytes, named, holds })
            }
            Err(failure) => Read::Unusable(failure),
        };
        // Whoever does not listen any more has been stopped.
        if to.blocking_send(read).is_err() {
            return;
        }
    }
    let _ = to.blocking_send(Read::End(rows.ignored()));
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
                match tokio::time::timeout(LISTENS_EVERY, next).await {
                    Ok(0) => return Ok(()),
                    Ok(_) => ahead.extend(more),
                    Err(_) => {}
                }
                continue;
            }
        };
        bar.along(row.bytes, summary.done(), "tokens");
        // Without names, the columns may stand the other way round, and the customer be a token.
        let named = row.named || summary.is_proven();
        match row.holds {
            Err(bad) => {
                let customer = bad.customer.filter(|_| named);
                summary.bad(row.line, Bad { customer, ..bad });
            }
            Ok(token) => match finch.import(scope, &token, &pace).await {
                Ok(what) => summary.add(row.line, Some(token.customer).filter(|_| named), what),
                Err(RunError::Stopped) => return Ok(()),
                Err(error) => return Err(run_stopped("the import stopped", &error)),
            },
        }
    }
    Ok(())
}
