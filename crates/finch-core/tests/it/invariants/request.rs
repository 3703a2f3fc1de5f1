//! Requests to Finch, on their way.

use finch_core::{
    Answer, AttemptEnd, AttemptId, CustomerId, Draft, Failure, FinchApiError, Introspection, Seq,
    TokenId,
    decide::{self, Admitted, Arrival, Arrived, AskedAt, Call, Observation, Source},
};
use finch_testkit::fingerprint;

use super::{finch::Login, step::How, world::World};

/// Finch gives up after 6 minutes.
const GIVEN_UP: i64 = 360;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) what: What,
    pub(super) sent: i64,
    /// What Finch has answered, once it has acted.
    pub(super) answer: Option<Said>,
    /// A promise that Finch keeps late ends no token that is issued from this one on.
    pub(super) only_before: Option<usize>,
}

#[derive(Debug)]
pub(super) enum What {
    Exchange { attempt: AttemptId, login: Login },
    Ask { token: TokenId, asked_at: AskedAt, by: Option<CustomerId> },
    Call { token: TokenId, call: Call, mark: Option<Seq>, by: Option<CustomerId> },
}

#[derive(Debug)]
pub(super) enum Said {
    Issued(Option<usize>),
    OfToken(Result<Box<Introspection>, FinchApiError>),
}

fn answered(status: u16, word: Option<&str>) -> FinchApiError {
    let name = word.map(str::to_owned);
    Answer { status, finch_shaped: name.is_some(), name, ..Answer::default() }.into_error()
}

fn no_answer() -> FinchApiError {
    FinchApiError::NoAnswer { problem: String::new(), sent: true }
}

impl World {
    /// Finch acts on a request, in time and once.
    pub(super) fn act(&mut self, at: usize) {
        let late = at.checked_sub(self.requests.len());
        let mut request = match late {
            Some(at) => self.late.remove(at),
            None => self.requests.remove(at),
        };
        if request.answer.is_none() && self.now < request.sent + GIVEN_UP {
            request.answer = Some(self.truth(&request));
        }
        match late {
            Some(_) => {} // Its answer reaches no one.
            None => self.requests.insert(at, request),
        }
    }

    fn truth(&mut self, request: &Request) -> Said {
        let (token, call) = match &request.what {
            What::Exchange { login, .. } => return Said::Issued(self.finch.issue(login)),
            What::Ask { token, .. } => (*token, None),
            What::Call { token, call, .. } => (*token, Some(*call)),
        };
        let known = self.records[&token];
        let before = request.only_before.unwrap_or(self.finch.issued.len());
        let accepts = match call {
            Some(Call::Disconnect) => {
                self.finch.disconnect(known, before).then(Introspection::default)
            }
            _ => self.finch.introspect(known),
        };
        let named = self.finch.setting.names_refusals || !self.is_promised(token);
        let word = if named { "invalid_token" } else { "unauthorized" };
        Said::OfToken(accepts.map(Box::new).ok_or_else(|| answered(401, Some(word))))
    }

    /// An answer arrives.
    pub(super) fn answered(&mut self, mut request: Request, how: How) -> Option<CustomerId> {
        if request.answer.is_none() && self.now >= request.sent + GIVEN_UP {
            return self.lost(request);
        }
        let said = match (request.answer.take(), &request.what) {
            (Some(said), _) => said,
            (None, What::Ask { token, .. } | What::Call { token, .. })
                if let How::Failing(how) = how =>
            {
                let promised = self.is_promised(*token);
                match how {
                    0 if !promised => Said::OfToken(Err(answered(401, Some("new_word")))),
                    0 | 1 => Said::OfToken(Err(answered(401, Some("reauthenticate_user")))),
                    2 => Said::OfToken(Err(answered(401, Some("account_setup_required")))),
                    3 => Said::OfToken(Err(answered(401, None))),
                    4 => Said::OfToken(Err(answered(402, Some("payment_required")))),
                    5 => Said::OfToken(Err(answered(429, None))),
                    6 => Said::OfToken(Err(answered(403, Some("forbidden")))),
                    _ => return self.lost(request),
                }
            }
            (None, What::Call { call: Call::Disconnect, token, mark, by }) if how == How::Lying => {
                let (call, by) = (Call::Disconnect, by.clone());
                let what = What::Call { token: *token, call, mark: *mark, by };
                let only_before = Some(self.finch.issued.len());
                let sent = request.sent;
                self.late.push(Request { what, sent, answer: None, only_before });
                Said::OfToken(Ok(Box::default()))
            }
            (None, _) => self.truth(&request),
        };
        self.receive(request, said)
    }

    /// No answer arrives.
    pub(super) fn lost(&mut self, request: Request) -> Option<CustomerId> {
        let by = match &request.what {
            What::Exchange { attempt, .. } => {
                self.store.end_attempt(*attempt, AttemptEnd::Unknown(Failure::lost()));
                self.store.attempt(*attempt).map(|a| a.purpose.customer.clone())
            }
            What::Ask { token, asked_at, by } => {
                self.observe(*token, *asked_at, Err(&no_answer()));
                by.clone()
            }
            What::Call { token, call, mark, by } => {
                self.record(*token, *call, *mark, Err(&no_answer()));
                by.clone()
            }
        };
        if request.answer.is_none() {
            self.late.push(request);
        }
        by
    }

    fn receive(&mut self, request: Request, said: Said) -> Option<CustomerId> {
        match (request.what, said) {
            (What::Exchange { attempt, .. }, Said::Issued(Some(token))) => {
                self.arrive(attempt, token, request.sent)
            }
            (What::Exchange { attempt, .. }, _) => {
                self.store.end_attempt(attempt, AttemptEnd::Failed(Failure::lost()));
                self.store.attempt(attempt).map(|a| a.purpose.customer.clone())
            }
            (What::Ask { token, asked_at, by }, Said::OfToken(said)) => {
                self.observe(token, asked_at, said.as_deref());
                by
            }
            (What::Call { token, call, mark, by }, Said::OfToken(said)) => {
                self.record(token, call, mark, said.as_ref().map(|_| ()));
                by
            }
            _ => None,
        }
    }

    pub(super) fn record(
        &mut self,
        token: TokenId,
        call: Call,
        mark: Option<Seq>,
        said: Result<(), &FinchApiError>,
    ) {
        let Some(connection) = self.store.with(token) else { return };
        let mut draft = Draft::of(connection.clone());
        decide::record(&mut draft, token, call, mark, said.map(|()| None), self.at(), 1.0);
        self.store.commit(draft);
    }

    pub(super) fn observe(
        &mut self,
        token: TokenId,
        asked_at: AskedAt,
        answer: Result<&Introspection, &FinchApiError>,
    ) {
        let Some(connection) = self.store.with(token).cloned() else { return };
        let facts = &self.finch.issued[self.records[&token]].facts;
        let named = answer.is_ok_and(|said| said.facts.company_id.is_some());
        let pair = self.store.pair(facts).filter(|_| named && connection.company.is_none());
        let pair = pair.cloned();
        let now = self.at();
        let late = self.late_until(pair.iter().chain([&connection])).filter(|late| *late > now);
        let mut draft = Draft::of(connection);
        let observation = Observation { token, asked_at, answer, late, now, jitter: 1.0 };
        decide::observe(&mut draft, pair.as_ref(), observation);
        self.store.commit(draft);
    }

    /// A token arrives from an exchange.
    fn arrive(&mut self, attempt: AttemptId, token: usize, sent: i64) -> Option<CustomerId> {
        let attempt = self.store.attempt(attempt)?.clone();
        let began = attempt.exchange.as_ref()?.began;
        let known: Vec<_> = self.records.iter().filter(|(_, t)| **t == token).collect();
        let known: Vec<_> = known.into_iter().map(|(id, _)| *id).collect();
        let facts = self.finch.facts(token);
        let found = self.store.find(&facts, &known);
        let late = self.late_until(found.by_pair.iter().chain(&found.by_connection_id));
        let late = late.is_some_and(|late| late > finch_testkit::at(sent));
        let fingerprint = fingerprint(&format!("token {token}"));
        let (from, now) = (Source::Exchange(&attempt), self.at());
        let arrival = Arrival { facts, fingerprint, from, began, now, late };
        let Admitted { draft, arrived } = decide::admit(found, arrival);
        let id = match draft {
            None => {
                self.store.end_attempt(attempt.id, AttemptEnd::ForeignToken);
                return Some(attempt.purpose.customer);
            }
            Some(draft) => {
                let number = self.store.commit(draft);
                match arrived {
                    Arrived::Known(id) => id,
                    _ => TokenId(number),
                }
            }
        };
        self.records.insert(id, token);
        self.clear_lost(&attempt, id, sent);
        Some(attempt.purpose.customer)
    }

    /// A stored token may cover lost exchanges of its customer.
    fn clear_lost(&mut self, by: &finch_core::Attempt, id: TokenId, sent: i64) -> Option<()> {
        let connection = self.store.with(id)?;
        let token = connection.token(id).filter(|t| !t.state.is_revoked())?;
        let lost = self.store.attempts.iter().filter(|a| a.is_possible_orphan(self.at()));
        let cleared = lost.filter(|lost| lost.is_cleared_by(by, &token.facts));
        let ends: Vec<_> = cleared
            .map(|lost| {
                let was_over = self.is_over_at(lost, finch_testkit::at(sent));
                (lost.id, lost.cleared_by(token, was_over && token.state.is_live()))
            })
            .collect();
        ends.into_iter().for_each(|(id, end)| self.store.end_attempt(id, end));
        Some(())
    }
}
