//! From the command line to the exit code.

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, error::ErrorKind};

use crate::{
    args::{Args, Command},
    commands,
    fail::{Exit, Failure},
};

/// Runs the command that the arguments ask for.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    // Known before the rest is understood: an error of usage is JSON too where JSON is asked for.
    let json = arguments.iter().any(|argument| argument == "--json");
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => return not_understood(error, json),
    };
    let ended = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(Exit::Failed, "runtime", "the system gives no threads").because(&error)
        })
        .and_then(|runtime| runtime.block_on(command(args)));
    exit(ended.unwrap_or_else(|failure| {
        failure.print(json);
        failure.exit
    }))
}

async fn command(args: Args) -> Result<Exit, Failure> {
    let json = args.json;
    match args.command {
        Command::Demo(args) => commands::demo::run(&args, json).await,
        Command::Emulator(args) => commands::emulator::run(args, json).await,
        Command::Keys(command) => commands::keys::run(command, json).await,
        Command::Connect(args) => commands::connect::run(args, json).await,
        Command::Exchange(args) => commands::exchange::run(args, json).await,
        Command::Connections(args) => commands::connections::run(&args, json).await,
        Command::Events(args) => commands::events::run(&args, json).await,
        Command::Verify(args) => commands::verify::run(&args, json).await,
        Command::Show(args) => commands::show::run(&args, json).await,
        Command::Disconnect(args) => commands::disconnect::run(args, json).await,
        Command::Reconcile(args) => commands::reconcile::run(&args, json).await,
        Command::Attention(args) => commands::attention::run(&args, json).await,
        Command::Close(args) => commands::close::run(args, json).await,
        Command::Token(args) => commands::token::run(&args, json).await,
    }
}

fn not_understood(error: clap::Error, json: bool) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // A reader that has gone away is no failure.
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { Exit::Usage as u8 } else { 0 })
        }
        _ => {
            let failure = Failure::from(error);
            failure.print(json);
            exit(failure.exit)
        }
    }
}

fn exit(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}
