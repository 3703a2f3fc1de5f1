//! Finch's answers, of every endpoint: a token that is live and billed, a word on which tokens live or die, an
//! address that a person is sent to, and errors.

use finch_core::{
    AccessToken, AuthorizationCode, ConnectRequest, ConnectSession, ExchangeFailure, Failure,
    FailureKind, FinchApi, FinchApiError, Flow, Grant, Introspection, Origin, Product, State,
    exchange_failure,
};
use finch_testkit::chain;

use crate::{
    Target,
    canary::{CODE, SECRET, TOKEN, debug, hidden},
    http_answers::{Asked, answered, is_plain},
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "finch_answer",
    run: finch_answer,
    reaches: "exchange: placed; exchange: placed by /introspect; exchange: asked again; \
        introspect: with a company; introspect: without a company; session: opened; \
        disconnect: done; disconnect: in doubt; error: Unplaced; error: TokenInvalid; \
        error: Unauthorized; error: ReauthenticateUser; error: AccountSetupRequired; \
        error: InvalidClient; error: OtherUnauthorized; error: InvalidGrant; \
        error: ConnectionAlreadyExists; error: PaymentRequired; error: Rejected; \
        error: TryLater; error: Unreadable",
};

/// The first line names the endpoint; the rest are its answers.
fn finch_answer(data: &[u8]) {
    let line = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (endpoint, answers) = (&data[..line], data.get(line + 1..).unwrap_or_default());
    let token = AccessToken::new(TOKEN);
    let (error, asked) = match endpoint {
        b"exchange" => {
            let code = AuthorizationCode::new(CODE);
            let (said, asked) = answered(answers, async |finch| finch.exchange(&code, None).await);
            check_exchange(&said, &asked);
            (said.err(), asked)
        }
        b"introspect" => {
            let (said, asked) = answered(answers, async |finch| finch.introspect(&token).await);
            said.iter().for_each(|said| check_introspection(said, last(&asked)));
            (said.err(), asked)
        }
        b"session" | b"reauthenticate" => {
            let request = |products| ConnectRequest::new("Acme", products, Flow::Embedded);
            let (new, again) = (request(vec![Product::Company]), request(Vec::new()));
            let (said, asked) = answered(answers, async |finch| match endpoint {
                b"session" => finch.new_session(&"acme".parse().unwrap(), &new).await,
                _ => finch.reauthenticate_session(&"id".parse().unwrap(), &again).await,
            });
            said.iter().for_each(check_session);
            (said.err(), asked)
        }
        _ => {
            let (said, asked) = answered(answers, async |finch| finch.disconnect(&token).await);
            check_disconnect(said.as_ref().err(), &asked);
            (said.err(), asked)
        }
    };
    match error {
        Some(error) => check_error(&error, endpoint, &asked),
        None => assert!(last(&asked).is_success()),
    }
}

fn last(asked: &[Asked]) -> &Asked {
    asked.last().expect("a call was made")
}

fn check_exchange(said: &Result<Grant, FinchApiError>, asked: &[Asked]) {
    let exchanges: Vec<_> = asked.iter().filter(|a| a.path == "/auth/token").collect();
    let (answer, earlier) = exchanges.split_last().expect("the code went out");
    assert!(earlier.iter().all(|a| a.status == 429), "a code is sent again only after a 429");
    if !earlier.is_empty() {
        note("exchange: asked again");
    }
    let grant = match said {
        Ok(grant) => grant,
        Err(error) => {
            let not_sent = exchange_failure(error) == ExchangeFailure::NotSent;
            assert!(!not_sent || asked.iter().all(|a| [402, 429].contains(&a.status)), "{error}");
            return;
        }
    };
    assert!(answer.is_success());
    let token = grant.secret.expose();
    assert!(!token.is_empty());
    if is_plain(&answer.body) && answer.json().is_some() {
        assert_eq!(answer.text("access_token").as_deref(), Some(token));
    }
    // Where the canary is the token, and nothing else.
    let body = String::from_utf8_lossy(&answer.body);
    if body.matches(TOKEN).count() == 1 && token.contains(TOKEN) {
        hidden(&debug(grant), &[TOKEN]);
    }
    hidden(&debug(grant), if body.contains(SECRET) { &[] } else { &[SECRET] });
    note(match last(asked).path.as_str() {
        "/introspect" => "exchange: placed by /introspect",
        _ => "exchange: placed",
    });
}

fn check_introspection(said: &Introspection, answer: &Asked) {
    if let Some(json) = answer.json().filter(|_| is_plain(&answer.body)) {
        let text = |name: &str| json.get(name).and_then(|value| value.as_str());
        let connection = text("connection_id").and_then(|id| id.parse().ok());
        assert_eq!(connection, said.facts.connection_id);
        let provider = text("provider_id").and_then(|id| id.parse().ok());
        let old_name = || text("payroll_provider_id").and_then(|id| id.parse().ok());
        assert_eq!(provider.or_else(old_name), said.facts.provider_id);
        let company = text("company_id").and_then(|id| id.parse().ok());
        assert_eq!(company, said.facts.company_id);
        let status = json["connection_status"]["status"].as_str();
        let status = status.filter(|status| !status.is_empty()).map(Into::into);
        assert_eq!(status, said.status);
    }
    note(match said.facts.company_id {
        Some(_) => "introspect: with a company",
        None => "introspect: without a company",
    });
}

fn check_session(session: &ConnectSession) {
    let origin = Origin::new(session.connect_url.expose()).expect("https, or this machine");
    let host = origin.as_str().trim_end_matches(|c: char| c == ':' || c.is_ascii_digit());
    let this_machine = ["http://127.", "http://[::1]", "http://localhost"];
    assert!(
        host.starts_with("https://")
            || host.ends_with(".localhost")
            || this_machine.iter().any(|start| origin.as_str().starts_with(start)),
        "{origin:?}"
    );
    if !session.session_id.as_str().contains(TOKEN) {
        hidden(&debug(session), &[TOKEN]);
    }
    let url = session.connect_url.with_state(&State::new(SECRET)).expect("an address");
    assert_eq!(Origin::new(url.expose()), Ok(origin), "a state changes no origin");
    let url = url::Url::parse(url.expose()).unwrap();
    let state = url.query_pairs().filter(|(name, _)| name == "state").last();
    assert_eq!(state.unwrap().1, SECRET);
    note("session: opened");
}

/// A disconnect is done only where Finch says so, and is repeated only where Finch did not look at it.
fn check_disconnect(error: Option<&FinchApiError>, asked: &[Asked]) {
    let (answer, earlier) = asked.split_last().expect("a call was made");
    assert!(earlier.iter().all(|a| a.status == 429), "a success could hide a try that was lost");
    if error.is_none() {
        if answer.json().is_some() {
            assert_eq!(answer.text("status").as_deref(), Some("success"));
        }
        note("disconnect: done");
    } else if error.is_some_and(FinchApiError::is_ambiguous) {
        note("disconnect: in doubt");
    }
}

fn check_error(error: &FinchApiError, endpoint: &[u8], asked: &[Asked]) {
    note(&format!("error: {:?}", error.failure_kind()));
    let last = last(asked);
    // What this very call sent never comes back in its error, and no token that it was answered with.
    let shown = format!("{}{}", chain(error), debug(&error.failure()));
    match endpoint {
        b"exchange" => hidden(&shown, &[SECRET, CODE]),
        b"session" | b"reauthenticate" => hidden(&shown, &[SECRET]),
        _ => hidden(&shown, &[TOKEN]),
    }
    if last.is_success() && !last.tells {
        hidden(&shown, &[TOKEN]);
    }
    assert!(shown.len() < 20_000, "an error is short");
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "harmless to a terminal");
    if error.failure_kind() == FailureKind::TokenInvalid {
        assert_eq!(last.status, 401, "the only proof is a 401");
        if last.json().is_some() {
            let word = |name| last.text(name).unwrap_or_default().replace("_error", "");
            assert!([word("name"), word("finch_code")].contains(&"invalid_token".to_owned()));
        }
    }
    // What is kept of it in the store comes back as it was.
    let failure = error.failure();
    let text = serde_json::to_string(&failure).unwrap();
    assert_eq!(serde_json::from_str::<Failure>(&text).unwrap(), failure);
}
