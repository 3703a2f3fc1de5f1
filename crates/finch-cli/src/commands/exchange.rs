//! `finch exchange`: complete an attempt.

use std::path::PathBuf;

use clap::Args;
use finch_app::{CompleteConnectError, CompletedConnect};
use finch_core::{AuthorizationCode, State, TokenState};

use crate::{
    args::Whose,
    fail::{Exit, Failure},
    interrupt,
    output::{self, Report, Text},
    rescue::Rescued,
    secrets::{clean, clean_path, missing, read_line, secret},
    wiring::{Needs, Settings},
};

#[derive(Args)]
#[command(after_help = "\
Examples:
  finch exchange --state STATE < code.txt
  FINCH_STATE=… FINCH_CODE=… finch exchange

(NAME) is the variable that stands in for an option. Secrets come from such a
variable, from a file (option, or variable with _FILE behind its name) or from
standard input (file `-`; one line each: client secret, key, state, code).
A secret that is given as a value and in a file is an error.")]
pub(crate) struct ExchangeArgs {
    /// What came back with the code (FINCH_STATE)
    #[arg(long, env = "FINCH_STATE", value_parser = clean, conflicts_with = "state_file")]
    state: Option<String>,
    /// A file with the state
    #[arg(long, value_name = "PATH", env = "FINCH_STATE_FILE", value_parser = clean_path())]
    state_file: Option<PathBuf>,
    /// The code, else from standard input (FINCH_CODE)
    #[arg(long, env = "FINCH_CODE", value_parser = clean, conflicts_with = "code_file")]
    code: Option<String>,
    /// A file with the code
    #[arg(long, value_name = "PATH", env = "FINCH_CODE_FILE", value_parser = clean_path())]
    code_file: Option<PathBuf>,
    #[command(flatten)]
    whose: Whose,
}

pub(crate) async fn run(args: ExchangeArgs, json: bool) -> Result<Exit, Failure> {
    let settings = Settings::read(&args.whose.operator.client, Needs::Secret)?;
    let scope = args.whose.scope()?;
    let state = secret("state", args.state.as_ref(), args.state_file.as_ref())?;
    let state = State::new(state.ok_or_else(|| missing("state"))?);
    let code = secret("code", args.code.as_ref(), args.code_file.as_ref())?;
    let code = AuthorizationCode::new(code.map_or_else(|| read_line("code"), Ok)?);
    let (store, application) = (settings.store().to_owned(), settings.application().clone());
    let finch = settings.open().await?;
    let work = finch.complete_connect(&scope, state, code);
    let left = "Finch's answer may be lost: `finch reconcile` lists it after 10 minutes";
    match interrupt::finish(work, left).await? {
        Ok(completed) => Ok(output::done(&completed, json)),
        Err(error @ CompleteConnectError::NotStored { .. }) => {
            let failure = Failure::of(&error);
            let CompleteConnectError::NotStored { token, .. } = error else { return Err(failure) };
            let first = match token.issued {
                Some(_) => "mend the store",
                None => "ask Finch's support, with the request id, why its answers say too little",
            };
            Err(Rescued { application, token }.save_beside(&store, failure, first))
        }
        Err(error) => Err(error.into()),
    }
}

impl Report for CompletedConnect {
    fn headline(&self) -> Text {
        let joined = match (self.joined_tokens, self.shared) {
            (0, false) => "a connection of its own",
            (0, true) => "its connection is shared with other customers",
            (_, false) => "it joins others of this customer",
            (_, true) => {
                "it joins others of this customer, in a connection that is shared with other customers"
            }
        };
        format!("The token is sealed in the store: {joined}.").into()
    }

    fn next(&self) -> Text {
        match &self.token_state {
            TokenState::Active => "",
            TokenState::Revoked { .. } => {
                "a disconnect has ended this token: the customer must connect again"
            }
            _ => "a disconnect was under way: `finch reconcile` settles what becomes of the token",
        }
        .into()
    }

    fn exit(&self) -> Exit {
        match self.token_state {
            TokenState::Active => Exit::Done,
            TokenState::Revoked { .. } => Exit::State,
            _ => Exit::LeftOpen,
        }
    }
}
