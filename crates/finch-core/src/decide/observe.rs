//! What Finch's word on a token changes outside a disconnect of ours: doubt settled, an employer
//! named, an end seen from outside.

use jiff::Timestamp;

use crate::{
    Absorbed, Actor, Connection, ConnectionStatus, DisconnectState, Draft, Event, EventKind,
    Evidence, FailureKind, FinchApiError, Intent, Introspection, Progress, Refusal, RequestId, Seq,
    Token, TokenId, TokenState,
    decide::{
        merge::merge,
        schedule::{ask_for_name_again, trouble},
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// What `GET /introspect` has said about a token, and when.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// About which token.
    pub token: TokenId,
    /// How the connection was when Finch was asked.
    pub asked_at: AskedAt,
    /// What Finch said.
    pub answer: Result<&'a Introspection, &'a FinchApiError>,
    /// Where an earlier `/disconnect` of the connection may have taken effect since Finch was asked, or may
    /// still do so: until when. No doubt is settled then.
    pub late: Option<Timestamp>,
    /// By the clock.
    pub now: Timestamp,
    /// Random, from 0 to 1.
    pub jitter: f64,
}

/// Writes down what `GET /introspect` says about a token. `pair` is the connection of the provider and
/// company that Finch names, where the store has one.
pub fn observe(
    draft: &mut Draft,
    pair: Option<&Connection>,
    observation: Observation<'_>,
) -> Observed {
    let Observation { token, answer, late, now, jitter, .. } = observation;
    let Some(known) = draft.connection().token(token).filter(|t| !t.state.is_revoked()).cloned()
    else {
        return Observed::Nothing;
    };
    match answer {
        Ok(said) => {
            name(draft, pair, said, late.is_some(), now);
            accepted(draft, said, observation);
            match said.status {
                Some(ConnectionStatus::Reauth) => Observed::NeedsReauth,
                _ => Observed::Accepted,
            }
        }
        Err(error) if error.failure_kind() == FailureKind::TokenInvalid => {
            refused(draft, &known, error.request_id(), now);
            Observed::Refused
        }
        Err(error) => {
            let reauth = error.failure_kind() == FailureKind::ReauthenticateUser;
            // A token in doubt is asked about again later; another one goes on as it is.
            let nameless = draft.connection().company.is_none();
            let waits = known.state == TokenState::Unverified || nameless;
            if let Some(token) = draft.token_mut(token) {
                if waits {
                    let failures = token.progress.failures + 1;
                    let (trouble, next_try) = trouble(error, failures, now, jitter);
                    token.progress.failures = failures;
                    token.progress.next_try = Some(next_try);
                    token.progress.trouble = Some(trouble);
                }
                if reauth {
                    token.status = Some(ConnectionStatus::Reauth);
                }
            }
            if reauth { Observed::NeedsReauth } else { Observed::Nothing }
        }
    }
}

/// Finch may name the employer of a provisional connection, which then may prove to be another one.
fn name(
    draft: &mut Draft,
    pair: Option<&Connection>,
    said: &Introspection,
    late: bool,
    now: Timestamp,
) {
    let connection = draft.connection();
    let (None, Some(company)) = (&connection.company, &said.facts.company_id) else {
        return;
    };
    let key = connection.key;
    let pair = pair.filter(|pair| pair.key != key);
    let kind = EventKind::CompanyNamed { absorbed: pair.map(|_| Absorbed::of(connection)) };
    draft.remember(Event::of_connection(connection, Actor::Finch, kind, now));
    match pair {
        Some(pair) => merge(draft, pair, late, now),
        None => draft.now.company = Some(company.clone()),
    }
}

fn accepted(draft: &mut Draft, said: &Introspection, observation: Observation<'_>) {
    let Observation { token, asked_at, late, now, .. } = observation;
    let beside = draft.connection();
    let Some(known) = beside.token(token) else { return };
    let nothing_since = AskedAt::of(beside) == asked_at && !asked_at.disconnecting;
    let in_doubt = known.state == TokenState::Unverified;
    let verifies = in_doubt && nothing_since && late.is_none();
    let nameless = beside.company.is_none().then(|| ask_for_name_again(now));
    let next_try = late.filter(|_| in_doubt).or(nameless);
    if verifies {
        let kind = EventKind::TokenVerified { request_id: said.request_id.clone() };
        draft.remember(Event::of_token(beside, known, Actor::Finch, kind, now));
    }
    let Some(token) = draft.token_mut(token) else { return };
    if let Some(products) = &said.facts.products {
        token.facts.products.clone_from(products);
    }
    token.status = said.status.clone().or(token.status.take());
    token.finch_token_id = said.token_id.clone().or(token.finch_token_id.take());
    if token.state.is_live() {
        token.progress = Progress { next_try, ..token.progress.reset() };
    }
    if verifies {
        token.state = TokenState::Active;
        token.verified = Some(Seq::OF_COMMIT);
    }
}

/// The token is dead; an open disconnect of it takes that for proof. If it was the last live one, its connection was
/// ended at Finch: the generation ends like a finished disconnect.
fn refused(draft: &mut Draft, token: &Token, request_id: Option<RequestId>, now: Timestamp) {
    let connection = draft.connection();
    let disconnecting = connection.fenced().any(|fenced| fenced.id == token.id);
    let event = |kind| Event::of_token(connection, token, Actor::Finch, kind, now);
    let refused = event(EventKind::TokenRefused { request_id: request_id.clone() });
    let ended = event(EventKind::Disconnected);
    let others_live = connection.tokens.iter().any(|t| t.id != token.id && t.state.is_live());
    let ends = token.state.is_live() && !others_live && connection.open_disconnect().is_none();
    draft.remember(refused);
    if ends {
        draft.remember(ended);
        let ended = DisconnectState::Ended { seq: Seq::OF_COMMIT, at: now };
        draft.add_disconnect(Intent { by: Actor::Finch, reason: None, at: now }, ended);
    }
    if let Some(token) = draft.token_mut(token.id) {
        if disconnecting {
            // The open disconnect ends it.
            token.progress.refused = Some(Refusal { at: now, request_id });
        } else {
            let evidence = Evidence::Refused { request_id };
            token.state = TokenState::Revoked { evidence, at: now };
        }
    }
}
