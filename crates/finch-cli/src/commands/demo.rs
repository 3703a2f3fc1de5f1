//! `finch demo`: the whole life of two connections on a local Finch, in about a second; or, with `--serve`,
//! at the pace of whoever clicks through it.

mod facts;
mod play;
mod report;
mod search;
mod serve;
mod stage;

use crate::{
    args::DemoArgs,
    fail::{Exit, Failure},
    interrupt::Stop,
    output::{self, Report},
};

pub(crate) async fn run(args: &DemoArgs, json: bool) -> Result<Exit, Failure> {
    if args.serve {
        return serve::run(args.disconnect_scope.into(), json).await;
    }
    let mut stop = Stop::listen()?;
    // Whichever ends first: the stage is dropped with it, and takes folder and local Finch along.
    let played = tokio::select! {
        played = play::play(args.disconnect_scope.into()) => played?,
        () = stop.asked() => {
            return Err(Failure::new(Exit::Stopped, "stopped", "the demo was stopped")
                .help("nothing is left of it"));
        }
    };
    output::print(&played, json)?;
    match played.failed() {
        None => Ok(played.exit()),
        Some(fact) => Err(Failure::new(Exit::Failed, "demo", format!("this did not hold: {fact}"))
            .help("this is a defect of finch: report it with the output above")),
    }
}
