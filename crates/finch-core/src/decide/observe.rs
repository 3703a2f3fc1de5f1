//! What Finch's word on a token changes outside a disconnect of ours: doubt settled, an employer
//! named, an end seen from outside.

use jiff::Timestamp;

use crate::{
    Actor, Changes, Connection, ConnectionStatus, DisconnectChange, Event, Evidence, FinchApiError,
    Happening, Intent, Introspection, Progress, Target, TokenChange, TokenId, TokenState,
    decide::{
        merge::merge,
        schedule::{agenda, ask_for_name_again, trouble},
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

/// Writes down what `GET /introspect` says about a token that no open disconnect holds. `pair` is the
/// connection of the provider and company that Finch names, where the store has one.
pub fn observe(
    connection: &Connection,
    pair: Option<&Connection>,
    token: TokenId,
    answer: Result<&Introspection, &FinchApiError>,
    now: Timestamp,
    jitter: f64,
) -> (Changes, Observed) {
    let mut changes = Changes::to(Target::Existing(connection.key, connection.revision));
    let Some(known) = connection.token(token).filter(|t| !t.state.is_revoked()) else {
        return (changes, Observed::Nothing);
    };
    let connection_id = known.facts.connection_id.clone();
    let mut after = connection.clone();
    let mut change = TokenChange::to(token);
    let observed = match answer {
        Ok(said) => {
            if let (None, Some(company)) = (&connection.company, &said.company_id) {
                after = match pair.filter(|p| p.key != connection.key) {
                    Some(pair) => {
                        changes.target = Target::Existing(pair.key, pair.revision);
                        merge(&mut changes, pair, connection)
                    }
                    None => {
                        changes.company = Some(company.clone());
                        Connection {
                            company: Some(company.clone()),
                            ..after
                        }
                    }
                };
                changes.events.push(Event {
                    at: now,
                    by: Actor::Finch,
                    what: Happening::CompanyNamed,
                });
            }
            let state = after.token(token).map(|t| t.state.clone());
            if after.open_disconnect().is_none() && state == Some(TokenState::Unverified) {
                change.state = Some(TokenState::Active);
                change.verified = true;
                changes.events.push(Event {
                    at: now,
                    by: Actor::Finch,
                    what: Happening::TokenVerified { connection_id },
                });
            }
            change.products = Some(said.products.clone());
            change.status = Some(said.status.clone());
            change.finch_token_id = said.token_id.clone();
            change.progress = Some(Progress {
                last_try: Some(now),
                next_try: after.company.is_none().then(|| ask_for_name_again(now)),
                ..Progress::default()
            });
            if said.status == ConnectionStatus::Reauth {
                Observed::NeedsReauth
            } else {
                Observed::Accepted
            }
        }
        Err(FinchApiError::TokenInvalid(said)) => {
            let evidence = Evidence::Refused {
                request_id: said.request_id.clone(),
            };
            change.state = Some(TokenState::Revoked { evidence, at: now });
            let request_id = said.request_id.clone();
            let what = Happening::TokenRefused {
                connection_id,
                request_id,
            };
            changes.events.push(Event {
                at: now,
                by: Actor::Finch,
                what,
            });
            let others_live = connection
                .tokens
                .iter()
                .any(|t| t.id != token && t.state.is_live());
            if known.state.is_live() && !others_live && connection.open_disconnect().is_none() {
                let intent = Intent {
                    by: Actor::Finch,
                    reason: None,
                    at: now,
                };
                changes.disconnects.push(DisconnectChange::Begin(intent));
                changes.disconnects.push(DisconnectChange::End(None, now));
                changes.events.push(Event {
                    at: now,
                    by: Actor::Finch,
                    what: Happening::Disconnected,
                });
            }
            Observed::Refused
        }
        Err(error) => {
            if matches!(error, FinchApiError::ReauthenticateUser(_)) {
                change.status = Some(ConnectionStatus::Reauth);
            }
            let failures = known.progress.failures + 1;
            let (trouble, next_try) = trouble(error, failures, now, jitter);
            change.progress = Some(Progress {
                last_try: Some(now),
                failures,
                next_try: Some(next_try),
                trouble: Some(trouble),
                ..known.progress.clone()
            });
            let needs_reauth = change.status.is_some();
            if needs_reauth {
                Observed::NeedsReauth
            } else {
                Observed::Nothing
            }
        }
    };
    if let Some(token) = after.tokens.iter_mut().find(|t| t.id == token) {
        token.state = change.state.clone().unwrap_or(token.state.clone());
        token.progress = change.progress.clone().unwrap_or(token.progress.clone());
    }
    // A merge may have given the token a state of its own: the last word is this one's.
    changes.tokens.push(change);
    changes.agenda = Some(agenda(&after));
    (changes, observed)
}
