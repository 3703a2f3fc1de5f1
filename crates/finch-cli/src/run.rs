//! From the command line to the exit code.

use std::{ffi::OsString, io, process::ExitCode};

use clap::{FromArgMatches as _, error::ErrorKind};

use crate::{
    args::{Args, Command},
    commands::{self, keys::KeysCommand, store::StoreCommand},
    fail::{Exit, Failure},
};

/// Runs the command that the arguments ask for.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    // Known before the rest is understood: an error of usage is JSON too where JSON is asked for.
    let json = arguments.iter().any(|argument| argument == "--json");
    let matches = Args::definition().try_get_matches_from(arguments);
    let args = match matches.and_then(|mut matches| Args::from_arg_matches_mut(&mut matches)) {
        Ok(args) => args,
        Err(error) => return not_understood(error, json),
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::new(Exit::Failed, "runtime", "the system gives no threads");
            return fail(&failure.because(&error), json);
        }
    };
    match runtime.block_on(command(args)) {
        Ok(end) => exit(end),
        Err(failure) => {
            let code = fail(&failure, json);
            if failure.exit == Exit::Stopped {
                // At once: what still blocks a thread, such as a name that is being looked up, is left.
                runtime.shutdown_background();
            }
            code
        }
    }
}

fn fail(failure: &Failure, json: bool) -> ExitCode {
    failure.print(json);
    exit(failure.exit)
}

async fn command(args: Args) -> Result<Exit, Failure> {
    let json = args.json;
    match args.command {
        Command::Demo(args) => commands::demo::run(&args, json).await,
        Command::Emulator(args) => commands::emulator::run(args, json).await,
        Command::Connect(args) => commands::connect::run(args, json).await,
        Command::Exchange(args) => commands::exchange::run(args, json).await,
        Command::Token(args) => commands::token::run(&args, json).await,
        Command::Disconnect(args) => commands::disconnect::run(args, json).await,
        Command::Connections(args) => commands::connections::list(&args, json).await,
        Command::Show(args) => commands::connections::show(&args, json).await,
        Command::Events(args) => commands::events::run(&args, json).await,
        Command::Reconcile(args) => commands::reconcile::run(&args, json).await,
        Command::Attention(args) => commands::attention::run(&args, json).await,
        Command::Close(args) => commands::close::run(args, json).await,
        Command::Import(args) => commands::import::run(&args, json).await,
        Command::Audit(args) => commands::audit::run(&args, json).await,
        Command::Keys(KeysCommand::Init(args)) => commands::keys::init(&args, json),
        Command::Keys(KeysCommand::Status(args)) => commands::keys::status(&args, json).await,
        Command::Keys(KeysCommand::Rotate(args)) => commands::keys::rotate(&args, json).await,
        Command::Keys(KeysCommand::RotateKek(args)) => {
            commands::keys::rotate_kek(&args, json).await
        }
        Command::Verify(args) => commands::store::verify(&args, json).await,
        Command::Backup(args) => commands::store::backup(&args, json).await,
        Command::Restore(args) => commands::store::restore(&args, json).await,
        Command::Store(StoreCommand::Restored(args)) => {
            commands::store::restored(&args, json).await
        }
        Command::Doctor(args) => commands::doctor::run(&args, json).await,
        Command::Completions(args) => commands::shell::completions(&args),
        Command::Man(args) => commands::shell::man(&args, json),
    }
}

fn not_understood(error: clap::Error, json: bool) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            match error.print() {
                _ if error.use_stderr() => exit(Exit::Usage),
                // A reader that has gone away is no failure.
                Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
                    fail(&Failure::from(cause), json)
                }
                _ => exit(Exit::Done),
            }
        }
        _ => fail(&Failure::from(error), json),
    }
}

fn exit(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}
