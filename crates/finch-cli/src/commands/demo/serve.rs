//! `finch demo --serve`: the example application, to click through in a browser.

use finch_emulator::{DisconnectScope, EmulatorConfig};
use finch_example_host::{Host, Settings};
use serde::Serialize;

use crate::{
    fail::{Exit, Failure},
    interrupt::Stop,
    output::{self, Report, Sheet, bold, dim},
};

#[derive(Serialize)]
struct Ready<'a> {
    url: &'a str,
    /// The local Finch beside it.
    finch_url: &'a str,
}

pub(super) async fn run(disconnect_scope: DisconnectScope, json: bool) -> Result<Exit, Failure> {
    let mut stop = Stop::listen()?;
    let finch = EmulatorConfig { disconnect_scope, ..EmulatorConfig::default() };
    let settings = Settings { finch, ..Settings::default() };
    let host = Host::start_with(settings).await.map_err(|error| {
        Failure::new(Exit::Failed, "demo", "the application could not be started").because(&*error)
    })?;
    output::print(&Ready { url: host.url(), finch_url: host.emulator().url() }, json)?;
    stop.asked().await;
    // Requests on their way are answered first; a second signal does not wait for them.
    tokio::select! {
        () = host.stop() => Ok(Exit::Done),
        () = stop.asked() => Err(Failure::new(
            Exit::Stopped,
            "stopped",
            "stopped before every request was answered",
        )),
    }
}

impl Report for Ready<'_> {
    fn human(&self, sheet: &mut Sheet) {
        sheet.line(format!("Open {} in a browser.", bold(self.url)));
        sheet.text(
            "",
            "It is a payroll application with two customers to sign in as, over a sealed SQLite store in a \
             temporary folder. Finch is played beside it: sign in there as anybody.",
        );
        sheet.line(dim("Ctrl-C stops it, and nothing is left."));
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}
