//! The result of a call: what follows from it, and whether it is true.

use finch_app::{BegunConnect, CompleteConnectError, DisconnectError, DisconnectOutcome};
use finch_core::{AuthorizationCode, Token, TokenState};
use finch_seal::Domain;
use finch_tests::finish;

use super::{History, Running};
use crate::{
    finch::lock,
    op::{Callback, Op, Outcome, Place, customer_id},
    remote::LoggedIn,
};

/// Employers and providers, by number.
const PAIRS: [(&str, &str); 3] = [("gusto", "acme"), ("gusto", "beta"), ("bob", "acme")];

impl History {
    pub(super) fn answer(&mut self, ended: Running) {
        let Running { task, host, op, to_fence, outcome, .. } = ended;
        let (shown, outcome) = finish(outcome).expect("a use case that does not panic");
        self.check_secrecy(&shown);
        let short: String = shown.lines().next().unwrap_or_default().chars().take(240).collect();
        self.trace.line(format_args!("h{host} t{task} {} ends: {short}", op.name()));
        match (op, outcome) {
            (Op::Begin(who, place) | Op::Renew(who, _, place), Outcome::Begun(begun)) => {
                self.log_in(who, place, &begun);
            }
            (Op::Complete(_, callback, other), Outcome::Completed(completed)) => match completed {
                Ok(done) => {
                    let state = callback.state.expose().to_owned();
                    let first = self.completed.entry(state);
                    if *first.or_insert_with(|| done.connection_id.clone()) != done.connection_id {
                        self.judge.fault("I6", "a callback gives another connection");
                    }
                    let own = Some(customer_id(callback.customer));
                    let is_it = |t: &Token| {
                        t.customer == own && t.facts.connection_id == done.connection_id
                    };
                    if !self.judge.tokens().any(is_it) {
                        self.judge.fault("I8", "a token is acknowledged and not stored");
                    }
                }
                Err(CompleteConnectError::NotStored { token, .. }) => {
                    self.figures.hit("a token came back to its caller");
                    let secret = token.token.expose().to_owned();
                    lock(&self.shared.ledger).handed_back.insert(secret);
                }
                Err(error) => {
                    use CompleteConnectError::{CutOff, Store, UnknownState};
                    let excused = other || matches!(error, Store(_) | CutOff | UnknownState);
                    if !excused && self.completed.contains_key(callback.state.expose()) {
                        self.judge
                            .fault("I6", format_args!("a callback that succeeded fails: {error}"));
                    }
                }
            },
            (_, Outcome::Disconnected(Err(DisconnectError::NotFound))) if !to_fence.is_empty() => {
                self.judge.fault("I9", "a disconnect does not find its own tokens");
            }
            (_, Outcome::Disconnected(Ok(done))) => {
                let (fenced, name) = match done {
                    DisconnectOutcome::Disconnected { .. } => (true, "outcome disconnected"),
                    DisconnectOutcome::Pending { .. } => (true, "outcome pending"),
                    DisconnectOutcome::Retired { .. } => (true, "outcome retired"),
                    DisconnectOutcome::AlreadyDisconnected => {
                        (false, "outcome already disconnected")
                    }
                    _ => (false, "outcome shared"),
                };
                self.figures.hit(name);
                for id in to_fence.into_iter().filter(|_| fenced) {
                    let state = self.judge.token(id).map(|(_, t)| t.state.clone());
                    if matches!(state, Some(TokenState::Active | TokenState::Unverified)) {
                        self.judge.fault("I3", format_args!("{id} is live after its disconnect"));
                    }
                }
            }
            (Op::Use(who, _), Outcome::Used(given)) => {
                self.figures.hit("a token was given out");
                let (own, ledger) = (customer_id(who), lock(&self.shared.ledger));
                if !self.judge.may_be_given(&own, given.secret.expose(), &ledger.secrets) {
                    self.judge.fault("I4", "a token is given out that is not active");
                }
            }
            _ => {}
        }
    }

    /// The person goes through Finch's page, and comes back with a code.
    fn log_in(&mut self, who: usize, place: Place, begun: &BegunConnect) {
        let (pair, twist) = (PAIRS[place.pair], place.twist);
        let credentials = format!("c{}", place.credentials);
        let url = begun.connect_url.expose();
        let session = url.split_once("session=").map(|(_, rest)| rest);
        let session = session.and_then(|rest| rest.split('&').next()).unwrap_or_default();
        let uri = place.redirect.then_some("https://app.example/callback");
        let code = {
            let mut remote = lock(&self.shared.remote);
            match place.stranger {
                true => Some(remote.log_in_as("a-stranger", pair, uri)),
                false => {
                    let customer = begun.finch_customer_id.as_ref().map(ToString::to_string);
                    let customer = customer.unwrap_or_default();
                    let place = (pair.0.to_owned(), pair.1.to_owned(), credentials);
                    let renews = begun.reauthenticates.as_ref().map(ToString::to_string);
                    remote.log_in(session, LoggedIn { customer, place, renews }, twist)
                }
            }
        };
        let Some(code) = code else { return };
        self.customer_of_code.insert(code.clone(), who);
        let state = begun.state.clone();
        let kept = self.shared.keys.opened().fingerprint(Domain::State, state.expose());
        let callback =
            Callback { customer: who, state, code: AuthorizationCode::new(code), times: 0 };
        for code in [&callback.code, &callback.other_code()] {
            lock(&self.shared.ledger).state_of_code.insert(code.expose().to_owned(), kept);
        }
        self.callbacks.push(callback);
    }

    /// I12: no secret in what is shown.
    pub(super) fn check_secrecy(&mut self, shown: &str) {
        let remote = lock(&self.shared.remote);
        let mut secrets = remote.issued.iter().map(|i| &*i.secret);
        let mut others = self.callbacks.iter().flat_map(|c| [c.state.expose(), c.code.expose()]);
        let leaks = secrets.any(|s| shown.contains(s)) || others.any(|s| shown.contains(s));
        drop(remote);
        if leaks {
            self.judge.fault("I12", "a secret is shown");
        }
    }
}
