//! Requests to Finch, on their way.

use finch_core::{
    AttemptEnd, AttemptId, CustomerId, ExchangeFailure, FinchApiError, Introspection, Seq, TokenId,
    decide::{self, Admitted, Arrival, Arrived, AskedAt, Call, Observation, Source},
    exchange_failure,
};
use finch_testkit::{at, fingerprint};

use super::{finch::Login, step::How, world::World};
use crate::{answered, lost};

/// Finch gives up after 6 minutes.
const GIVEN_UP: i64 = 360;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) what: What,
    /// The customer in whose scope it was sent.
    pub(super) by: Option<CustomerId>,
    pub(super) sent: i64,
    /// What Finch has answered, once it has acted.
    pub(super) answer: Option<Said>,
    /// The answer is waited for. Finch may also act on a request that is given up here.
    pub(super) is_awaited: bool,
    /// It ends no token that is issued from this one on.
    before: usize,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Exchange(Login),
    Ask(TokenId, AskedAt),
    /// A call of a disconnect, with its sending mark.
    Call(TokenId, Call, Option<Seq>),
}

/// The token at Finch, and what Finch says of it.
pub(super) type Said = Result<(usize, Introspection), FinchApiError>;

impl World {
    pub(super) fn send(&mut self, what: What, by: Option<CustomerId>) {
        let (sent, is_awaited, before) = (self.now, true, usize::MAX);
        self.requests.push(Request { what, by, sent, answer: None, is_awaited, before });
    }

    /// Asks about a token, and waits for the true answer.
    pub(super) fn ask_at_once(&mut self, token: TokenId, asked_at: AskedAt) {
        self.send(What::Ask(token, asked_at), None);
        let request = self.requests.pop().expect("it was sent");
        self.answered(request, How::Truly);
    }

    /// Finch acts on a request, in time and once.
    pub(super) fn act(&mut self, at: usize) {
        let mut request = self.requests.remove(at);
        if request.answer.is_none() && self.now < request.sent + GIVEN_UP {
            request.answer = Some(self.truth(&request));
        }
        if request.is_awaited {
            self.requests.insert(at, request);
        }
    }

    fn truth(&mut self, request: &Request) -> Said {
        let (token, call) = match &request.what {
            What::Exchange(login) => {
                let issued = self.finch.issue(login).map(|token| (token, Introspection::default()));
                return issued.ok_or_else(|| answered(400, "invalid_grant"));
            }
            What::Ask(token, _) => (*token, Call::Introspect),
            What::Call(token, call, _) => (*token, *call),
        };
        let known = self.records[&token];
        let accepts = match call {
            Call::Disconnect => {
                self.finch.disconnect(known, request.before).then(Introspection::default)
            }
            Call::Introspect => self.finch.introspect(known),
        };
        let named = self.finch.setting.names_refusals || !self.is_promised(token);
        let word = if named { "invalid_token" } else { "unauthorized" };
        accepts.map(|said| (known, said)).ok_or_else(|| answered(401, word))
    }

    /// An answer arrives.
    pub(super) fn answered(&mut self, mut request: Request, how: How) -> Option<CustomerId> {
        let said = match (request.answer.take(), how, &request.what) {
            (Some(said), ..) => said,
            (None, ..) if self.now >= request.sent + GIVEN_UP => return self.lost(request),
            (None, How::Failing(status, word), What::Ask(token, _) | What::Call(token, ..)) => {
                // Of a token whose end is promised, any other 401 would be a refusal.
                let is_proof = word == "new_word" && self.is_promised(*token);
                Err(answered(status, if is_proof { "reauthenticate_user" } else { word }))
            }
            (None, How::Lost, What::Ask(..) | What::Call(..)) => return self.lost(request),
            (None, How::Lying, What::Call(token, Call::Disconnect, _)) => {
                let (what, by, before) = (request.what.clone(), None, self.finch.issued.len());
                let (sent, is_awaited, answer) = (request.sent, false, None);
                self.requests.push(Request { what, by, sent, answer, is_awaited, before });
                Ok((self.records[token], Introspection::default()))
            }
            (None, ..) => self.truth(&request),
        };
        self.receive(&request, said);
        request.by
    }

    /// No answer arrives.
    pub(super) fn lost(&mut self, request: Request) -> Option<CustomerId> {
        self.receive(&request, Err(lost(true)));
        let by = request.by.clone();
        self.give_up(request);
        by
    }

    pub(super) fn give_up(&mut self, request: Request) {
        if request.answer.is_none() {
            self.requests.push(Request { is_awaited: false, ..request });
        }
    }

    fn receive(&mut self, request: &Request, said: Said) {
        match (&request.what, said) {
            (What::Exchange(login), Ok((token, _))) => {
                self.arrive(login.attempt, token, request.sent);
            }
            (What::Exchange(login), Err(error)) => {
                let end = match exchange_failure(&error) {
                    ExchangeFailure::Unknown => AttemptEnd::Unknown(error.failure()),
                    _ => AttemptEnd::Failed(error.failure()),
                };
                self.store.end_attempt(login.attempt, end);
            }
            (What::Ask(token, asked_at), said) => self.observe(*token, *asked_at, &said),
            (What::Call(token, call, mark), said) => {
                let Some(connection) = self.store.with(*token) else { return };
                let (said, now) = (said.as_ref().map(|_| None), self.at());
                self.store.decided(&connection, |draft| {
                    decide::record(draft, *token, *call, *mark, said, now, 1.0);
                });
            }
        }
    }

    fn observe(&mut self, token: TokenId, asked_at: AskedAt, said: &Said) {
        let Some(connection) = self.store.with(token) else { return };
        let answer = said.as_ref().map(|(_, said)| said);
        let named = answer.is_ok_and(|said| said.facts.company_id.is_some());
        let pair = self.store.pair(&self.finch.issued[self.records[&token]].facts);
        let pair = pair.filter(|_| named && connection.company.is_none());
        let now = self.at();
        let late = self.late_until(pair.iter().chain([&connection]).map(|c| &**c));
        let late = late.filter(|late| *late > now);
        let observation = Observation { token, asked_at, answer, late, now, jitter: 1.0 };
        self.store.decided(&connection, |draft| {
            decide::observe(draft, pair.as_deref(), observation);
        });
    }

    /// A token arrives from an exchange.
    fn arrive(&mut self, attempt: AttemptId, token: usize, sent: i64) -> Option<()> {
        let attempt = self.store.attempt(attempt)?.clone();
        let began = attempt.exchange.as_ref()?.began;
        let known = self.records.iter().filter(|(_, t)| **t == token).map(|(id, _)| *id);
        let known: Vec<_> = known.collect();
        let facts = self.finch.facts(token);
        let found = self.store.find(&facts, &known);
        let late = self.late_until(found.by_pair.iter().chain(&found.by_connection_id));
        let late = late.is_some_and(|late| late > at(sent));
        let fingerprint = fingerprint(&format!("token {token}"));
        let (from, now) = (Source::Exchange(&attempt), self.at());
        let arrival = Arrival { facts, fingerprint, from, began, now, late };
        let Admitted { draft, arrived } = decide::admit(found, arrival);
        let Some(draft) = draft else {
            self.store.end_attempt(attempt.id, AttemptEnd::ForeignToken);
            return None;
        };
        let number = self.store.commit(draft);
        let id = if let Arrived::Known(id) = arrived { id } else { TokenId(number) };
        self.records.insert(id, token);
        self.clear_lost(&attempt, id, sent)
    }

    /// A stored token may cover lost exchanges of its customer.
    fn clear_lost(&mut self, by: &finch_core::Attempt, id: TokenId, sent: i64) -> Option<()> {
        let connection = self.store.with(id)?;
        let token = connection.token(id).filter(|t| !t.state.is_revoked())?;
        let lost = self.store.attempts.iter().filter(|a| a.is_possible_orphan(self.at()));
        let cleared = lost.filter(|lost| lost.is_cleared_by(by, &token.facts));
        let ends = cleared.map(|lost| {
            let was_over = self.is_over(lost, at(sent)) && token.state.is_live();
            (lost.id, lost.cleared_by(token, was_over))
        });
        let ends: Vec<_> = ends.collect();
        ends.into_iter().for_each(|(id, end)| self.store.end_attempt(id, end));
        Some(())
    }
}
