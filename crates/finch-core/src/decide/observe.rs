//! What Finch's word on a token changes outside a disconnect of ours: doubt settled, an employer
//! named, an end seen from outside.

use jiff::Timestamp;

use crate::{
    Actor, Changes, Connection, ConnectionStatus, DisconnectChange, Event, Evidence, FinchApiError,
    Happening, Intent, Introspection, Progress, Target, Token, TokenChange, TokenId, TokenState,
    decide::{
        merge::merge,
        schedule::{agenda_after, ask_for_name_again, trouble},
    },
};

/// What Finch's word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Finch accepts the token.
    Accepted,
    /// Finch accepts the token, and wants the employer to authenticate again.
    NeedsReauth,
    /// Finch refuses the token: it is revoked here now, and its siblings should be asked about.
    Refused,
    /// Nothing is proven.
    Nothing,
}

/// How a connection was when Finch was asked. An answer that says "accepted" is of that moment: it
/// settles no doubt that a disconnect has raised since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedAt {
    generation: usize,
    disconnecting: bool,
}

impl AskedAt {
    /// As the connection is now; take it before asking.
    pub fn of(connection: &Connection) -> Self {
        let disconnecting = connection.open_disconnect().is_some();
        Self { generation: connection.generation(), disconnecting }
    }

    /// Before it was known to which connection the token belongs: the answer settles no doubt.
    pub fn unknown() -> Self {
        Self { generation: usize::MAX, disconnecting: true }
    }
}

/// Writes down what `GET /introspect` says about a token. `pair` is the connection of the provider and
/// company that Finch names, where the store has one. `late`: until when an earlier `/disconnect` of the
/// connection may still take effect; no doubt is settled before.
#[expect(clippy::too_many_arguments, reason = "each is a fact of its own, and none has a default")]
pub fn observe(
    connection: &Connection,
    pair: Option<&Connection>,
    token: TokenId,
    asked_at: AskedAt,
    answer: Result<&Introspection, &FinchApiError>,
    late: Option<Timestamp>,
    now: Timestamp,
    jitter: f64,
) -> (Changes, Observed) {
    let mut changes = Changes::to(Target::Existing(connection.key, connection.revision));
    let Some(known) = connection.token(token).filter(|t| !t.state.is_revoked()) else {
        return (changes, Observed::Nothing);
    };
    let mut beside = connection.clone();
    let observed = match answer {
        Ok(said) => {
            beside = name(&mut changes, connection, pair, said, late.is_some(), now);
            accepted(&mut changes, &beside, token, asked_at, said, late, now);
            match said.status {
                Some(ConnectionStatus::Reauth) => Observed::NeedsReauth,
                _ => Observed::Accepted,
            }
        }
        Err(FinchApiError::TokenInvalid(said)) => {
            refused(&mut changes, connection, known, said.request_id.clone(), now);
            Observed::Refused
        }
        Err(error) => {
            let reauth = matches!(error, FinchApiError::ReauthenticateUser(_));
            // A token in doubt is asked about again later; another one goes on as it is.
            let waits = known.state == TokenState::Unverified || connection.company.is_none();
            let progress = waits.then(|| {
                let failures = known.progress.failures + 1;
                let (trouble, next_try) = trouble(error, failures, now, jitter);
                let (next_try, trouble) = (Some(next_try), Some(trouble));
                Progress { failures, next_try, trouble, ..known.progress.clone() }
            });
            let status = reauth.then_some(ConnectionStatus::Reauth);
            changes.tokens.push(TokenChange { progress, status, ..TokenChange::to(token) });
            if reauth { Observed::NeedsReauth } else { Observed::Nothing }
        }
    };
    changes.agenda = Some(agenda_after(&beside, &changes));
    (changes, observed)
}

/// Finch may name the employer of a provisional connection, which then may prove to be another one.
/// Returns the connection as it is then.
fn name(
    changes: &mut Changes,
    connection: &Connection,
    pair: Option<&Connection>,
    said: &Introspection,
    late: bool,
    now: Timestamp,
) -> Connection {
    let (None, Some(company)) = (&connection.company, &said.facts.company_id) else {
        return connection.clone();
    };
    changes.events.push(Event::of_connection(
        connection,
        Actor::Finch,
        Happening::CompanyNamed,
        now,
    ));
    match pair.filter(|p| p.key != connection.key) {
        Some(pair) => {
            changes.target = Target::Existing(pair.key, pair.revision);
            merge(changes, pair, connection, late)
        }
        None => {
            changes.company = Some(company.clone());
            Connection { company: Some(company.clone()), ..connection.clone() }
        }
    }
}

fn accepted(
    changes: &mut Changes,
    beside: &Connection,
    token: TokenId,
    asked_at: AskedAt,
    said: &Introspection,
    late: Option<Timestamp>,
    now: Timestamp,
) {
    let Some(known) = beside.token(token) else { return };
    let mut change = TokenChange {
        products: said.facts.products.clone(),
        status: said.status.clone(),
        finch_token_id: said.token_id.clone(),
        ..TokenChange::to(token)
    };
    let nothing_since = AskedAt::of(beside) == asked_at && !asked_at.disconnecting;
    let in_doubt = known.state == TokenState::Unverified;
    if in_doubt && nothing_since && late.is_none() {
        change.state = Some(TokenState::Active);
        change.verified = true;
        let what = Happening::TokenVerified { request_id: said.request_id.clone() };
        changes.events.push(Event::of_token(beside, known, Actor::Finch, what, now));
    }
    if known.state.is_live() {
        let nameless = beside.company.is_none().then(|| ask_for_name_again(now));
        let next_try = late.filter(|_| in_doubt).or(nameless);
        change.progress = Some(Progress { next_try, ..known.progress.afresh() });
    }
    changes.tokens.push(change);
}

/// The token is dead. If it was the last live one, its connection was ended at Finch: the generation
/// ends like a finished disconnect.
fn refused(
    changes: &mut Changes,
    connection: &Connection,
    token: &Token,
    request_id: Option<crate::RequestId>,
    now: Timestamp,
) {
    let mut event = |what| {
        changes.events.push(Event::of_token(connection, token, Actor::Finch, what, now));
    };
    event(Happening::TokenRefused { request_id: request_id.clone() });
    let others_live = connection.tokens.iter().any(|t| t.id != token.id && t.state.is_live());
    if token.state.is_live() && !others_live && connection.open_disconnect().is_none() {
        event(Happening::Disconnected);
        let intent = Intent { by: Actor::Finch, reason: None, at: now };
        changes.disconnects.push(DisconnectChange::Begin(intent));
        changes.disconnects.push(DisconnectChange::End(None, now));
    }
    let evidence = Evidence::Refused { request_id };
    changes.tokens.push(TokenChange::state(token.id, TokenState::Revoked { evidence, at: now }));
}
