//! `finch keys`: the keys that seal a store.

mod init;
mod rotate;
mod status;

use crate::{
    args::KeysCommand,
    fail::{Exit, Failure},
};

pub(crate) async fn run(command: KeysCommand, json: bool) -> Result<Exit, Failure> {
    match command {
        KeysCommand::Init(args) => init::init(&args, json),
        KeysCommand::Status(args) => status::run(&args, json).await,
        KeysCommand::Rotate(args) => rotate::data_key(&args, json).await,
        KeysCommand::RotateKek(args) => rotate::kek(&args, json).await,
    }
}
