//! `finch exchange`: complete an attempt.

use finch_app::{CompleteConnectError, CompletedConnect};
use finch_core::{AuthorizationCode, State, TokenState};

use crate::{
    args::ExchangeArgs,
    fail::{Exit, Failure},
    interrupt,
    output::{self, Report, Sheet, good, warn},
    rescue::Rescued,
    secrets::SecretSource,
    wiring::{Needs, Settings},
    words::{count, products, token_state},
};

pub(crate) async fn run(args: ExchangeArgs, json: bool) -> Result<Exit, Failure> {
    let settings = Settings::read(&args.whose.operator.client, Needs::Secret)?;
    let scope = args.whose.scope()?;
    let state = State::new(state(&args)?);
    let code = AuthorizationCode::new(code(&args)?);
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

fn state(args: &ExchangeArgs) -> Result<String, Failure> {
    let source = SecretSource {
        what: "state",
        argument: Some(("--state", args.state.as_ref())),
        file: ("--state-file", args.state_file.as_ref()),
        variable: "FINCH_STATE",
    };
    source.read()?.ok_or_else(|| source.missing())
}

fn code(args: &ExchangeArgs) -> Result<String, Failure> {
    let source = SecretSource {
        what: "code",
        argument: Some(("--code", args.code.as_ref())),
        file: ("--code-file", args.code_file.as_ref()),
        variable: "FINCH_CODE",
    };
    match source.read()? {
        Some(code) => Ok(code),
        None => source.read_line(),
    }
}

impl Report for CompletedConnect {
    fn human(&self, sheet: &mut Sheet) {
        let company = match &self.company_id {
            Some(company) => format!("company {company}"),
            None => "an employer that Finch has not named yet".to_owned(),
        };
        let own = count(self.joined_tokens, "token", "tokens");
        let joined = match (self.joined_tokens, self.shared) {
            (0, false) => "a connection of its own".to_owned(),
            (0, true) => "its connection is shared with other customers".to_owned(),
            (_, false) => format!("it joins {own} of this customer"),
            (_, true) => format!(
                "it joins {own} of this customer, in a connection that is shared with other customers"
            ),
        };
        let mark = if self.token_state == TokenState::Active { good("✓") } else { warn("!") };
        sheet.text(&format!("{mark} "), &format!("The token is sealed in the store: {joined}."));
        sheet.pair("connection_id", self.connection_id.as_str());
        sheet.pair("provider", self.provider_id.as_str());
        sheet.pair("employer", &company);
        sheet.pair("customer", self.customer.as_str());
        sheet.pair("products", &products(&self.products));
        sheet.pair("token", &token_state(&self.token_state));
        match &self.token_state {
            TokenState::Active => {}
            TokenState::Revoked { .. } => {
                sheet.note("A disconnect has ended this token: the customer must connect again.");
            }
            _ => {
                sheet.note(
                    "A disconnect was under way: `finch reconcile` settles what becomes of it.",
                );
            }
        }
    }

    fn exit(&self) -> Exit {
        match self.token_state {
            TokenState::Active => Exit::Done,
            TokenState::Revoked { .. } => Exit::State,
            _ => Exit::LeftOpen,
        }
    }
}
