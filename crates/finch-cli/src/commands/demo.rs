//! `finch demo`: the whole life of two connections on a local Finch, in about a second; or, with `--serve`,
//! an application to click through in a browser.

mod play;
mod report;
mod stage;

use clap::Args;
use finch_emulator::{DisconnectScope, EmulatorConfig};
use finch_example_host::{Host, Settings};
use serde::Serialize;

use super::emulator::scope;
use crate::{
    fail::{Exit, Failure},
    interrupt::Stop,
    output::{self, BOLD, DIM, PLAIN, Report, Sheet},
};

#[derive(Args)]
#[command(after_help = "\
Examples:
  finch demo            # from the first connect to the proof that it has ended
  finch demo --serve    # a payroll application to click through in a browser")]
pub(crate) struct DemoArgs {
    /// How far /disconnect reaches
    #[arg(long, value_name = "SCOPE", default_value = "pair", value_parser = scope)]
    disconnect_scope: DisconnectScope,
    /// Serve an application to click through
    #[arg(long)]
    serve: bool,
}

pub(crate) async fn run(args: &DemoArgs, json: bool) -> Result<Exit, Failure> {
    let mut stop = Stop::listen()?;
    if args.serve {
        return serve(args.disconnect_scope, stop, json).await;
    }
    // Either end drops the stage, and with it the folder and the local Finch.
    let played = tokio::select! {
        played = play::play(args.disconnect_scope) => played?,
        () = stop.asked() => {
            return Err(Failure::new(Exit::Stopped, "stopped", "the demo was stopped")
                .help("nothing is left of it"));
        }
    };
    output::show(&played, json)?;
    match played.facts.iter().find(|fact| !fact.held) {
        None => Ok(Exit::Done),
        Some(fact) => {
            let message = format!("this did not hold: {}", fact.fact);
            Err(Failure::new(Exit::Failed, "demo", message)
                .help("this is a defect of finch: report it with the output above"))
        }
    }
}

#[derive(Serialize)]
struct Ready<'a> {
    url: &'a str,
    /// The local Finch beside it.
    finch_url: &'a str,
}

async fn serve(reach: DisconnectScope, mut stop: Stop, json: bool) -> Result<Exit, Failure> {
    let finch = EmulatorConfig { disconnect_scope: reach, ..EmulatorConfig::default() };
    let settings = Settings { finch, ..Settings::default() };
    let host = Host::start_with(settings).await.map_err(|error| {
        Failure::new(Exit::Failed, "demo", "the application could not be started").because(&*error)
    })?;
    output::show(&Ready { url: host.url(), finch_url: host.emulator().url() }, json)?;
    stop.asked().await;
    // Requests on their way are answered first; a second signal does not wait for them.
    stop.before(host.stop(), "nothing is left of it").await
}

impl Report for Ready<'_> {
    fn human(&self, sheet: &mut Sheet) {
        sheet.line(format!("Open {BOLD}{}{PLAIN} in a browser.", self.url));
        sheet.text(
            "",
            "It is a payroll application with two customers to sign in as, over a sealed SQLite store in a \
             temporary folder. A local Finch runs beside it, which accepts any sign-in.",
        );
        sheet.line(format!("{DIM}Ctrl-C stops it, and nothing is left.{PLAIN}"));
    }
}
