//! `finch import`: import tokens that the application has already.

mod list;
mod row;
mod summary;

use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use clap::Args;
use finch_app::{Finch, OperatorScope, Pace, RunError};
use tokio::sync::mpsc;

use self::{list::List, row::Row, summary::Summary};
use crate::{
    args::Paced,
    fail::{Exit, Failure},
    interrupt, output,
    progress::Progress,
    wiring::{Needs, Settings},
};

#[derive(Args)]
#[command(after_help = "\
The file is UTF-8: CSV whose header names the columns token and customer, in
any order, or one JSON object a line with these fields. connection_id is
optional, and must be Finch's. Only what looks like a token is sent to Finch.
Run it again, and it continues.")]
pub(crate) struct ImportArgs {
    /// The file with the tokens; -, or none: standard input
    file: Option<PathBuf>,
    #[command(flatten)]
    paced: Paced,
}

/// How many rows are read ahead of the one that Finch is asked about.
const AHEAD: usize = 256;

/// How often a signal is looked for while the input is silent.
const SIGNAL_CHECK: Duration = Duration::from_millis(200);

/// A row; none at the end; or why there is no more.
type Read = Result<Option<Row>, Failure>;

pub(crate) async fn run(args: &ImportArgs, json: bool) -> Result<Exit, Failure> {
    let scope = args.paced.operator.scope()?;
    let file = args.file.as_deref().filter(|path| *path != Path::new("-"));
    let opened = file.map(open).transpose()?;
    if opened.is_none() && io::stdin().is_terminal() {
        return Err(Failure::usage("there are no tokens: standard input is a terminal")
            .help("give a file: finch import FILE; or pipe it in: finch import < FILE"));
    }
    let finch = Settings::read(&args.paced.operator.client, Needs::NewStore)?.open().await?;
    let size = opened.as_ref().and_then(|file| file.metadata().ok()).filter(|m| m.is_file());
    let size = size.map(|metadata| metadata.len());
    let bar = Progress::of("Importing bytes");
    let input: Box<dyn BufRead + Send> = match opened {
        Some(file) => Box::new(BufReader::with_capacity(64 * 1024, file)),
        None => Box::new(BufReader::new(io::stdin())),
    };
    let path = file.unwrap_or(Path::new("-")).to_owned();
    let from = read_in_background(List::new(input, path));
    let stopped = AtomicBool::new(false);
    let mut summary = Summary::new(json);
    let work = import(&finch, &scope, from, args.paced.rate, (&bar, size), &stopped, &mut summary);
    let ended = interrupt::wind_up(work, &stopped, "run the same again: it continues").await?;
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
fn read_in_background(mut list: List<Box<dyn BufRead + Send>>) -> mpsc::Receiver<Read> {
    let (to, from) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        loop {
            let row = list.next();
            let is_last = !matches!(row, Ok(Some(_)));
            // The receiver is gone when the import was stopped.
            if to.blocking_send(row).is_err() || is_last {
                return;
            }
        }
    });
    from
}

async fn import(
    finch: &Finch,
    scope: &OperatorScope,
    mut from: mpsc::Receiver<Read>,
    every: Duration,
    (bar, size): (&Progress, Option<u64>),
    stopped: &AtomicBool,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let goes_on = || !stopped.load(Ordering::SeqCst);
    let on_wait = |wait| bar.waits(wait);
    let pace = Pace { every, goes_on: &goes_on, on_wait: &on_wait };
    while goes_on() {
        // A signal is looked for while the input is silent, too.
        let row = match tokio::time::timeout(SIGNAL_CHECK, from.recv()).await {
            Err(_) => continue,
            Ok(Some(Ok(Some(row)))) => row,
            Ok(Some(Err(failure))) => return Err(failure),
            Ok(None) => return Ok(()),
            Ok(Some(Ok(None))) => {
                summary.stopped = false;
                return Ok(());
            }
        };
        bar.at(row.read, size.unwrap_or(row.read));
        let done = match row.content {
            Err(bad) => Err(bad),
            Ok(token) => match finch.import(scope, &token, pace).await {
                Ok(what) => Ok((token.customer, what)),
                Err(RunError::Stopped) => return Ok(()),
                Err(error) => return Err(Failure::during("the import stopped", &error)),
            },
        };
        summary.add(row.line, done);
    }
    Ok(())
}
