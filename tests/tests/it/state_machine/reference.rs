//! The model as a state machine.

use finch_core::testing::Reach;
use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use super::{
    expected::{Ended, Expected},
    model::{Model, Subject},
    moves::{How, Move, What, moves},
};

/// The machine, in one reading of how far `/disconnect` reaches: the pair, or the `connection_id`.
#[derive(Debug)]
pub(crate) struct Reference<const PAIR: bool>;

impl<const PAIR: bool> ReferenceStateMachine for Reference<PAIR> {
    type State = Model;
    type Transition = Move;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::new(if PAIR { Reach::Pair } else { Reach::ConnectionId })).boxed()
    }

    fn transitions(state: &Model) -> BoxedStrategy<Move> {
        moves(state.mode)
    }

    fn apply(mut model: Model, happens: &Move) -> Model {
        model.expected = model.happen(*happens);
        model
    }
}

impl Model {
    /// The nth name that we hold tokens under.
    pub(crate) fn nth_name(&self, which: u8) -> Option<usize> {
        let names = self.names();
        names.get(usize::from(which) % names.len().max(1)).copied()
    }

    /// The nth token that Finch issued.
    pub(crate) fn nth_token(&self, which: u8) -> Option<usize> {
        (!self.tokens.is_empty()).then(|| usize::from(which) % self.tokens.len())
    }

    /// What is meant by whoever asks: a customer, or the operator.
    pub(crate) fn subject(&self, scope: Option<u8>, what: What) -> Option<Subject> {
        let own = |t: &usize| {
            let ours = self.tokens[*t].ours.as_ref();
            ours.is_some_and(|o| scope.is_none() || o.customer == scope)
        };
        let nth =
            |all: Vec<usize>, which: u8| all.get(usize::from(which) % all.len().max(1)).copied();
        let tokens = || (0..self.tokens.len()).filter(own);
        match what {
            What::Name(which) => self.nth_name(which).map(Subject::Name),
            What::Token(which) => self.nth_token(which).map(Subject::Token),
            What::OwnName(which) => {
                let names: std::collections::BTreeSet<_> =
                    tokens().map(|t| self.tokens[t].name).collect();
                nth(names.into_iter().collect(), which).map(Subject::Name)
            }
            What::OwnToken(which) => nth(tokens().collect(), which).map(Subject::Token),
        }
    }

    /// The name of what is meant.
    pub(crate) fn name_of(&self, scope: Option<u8>, what: What) -> Option<usize> {
        self.subject(scope, what).map(|subject| match subject {
            Subject::Name(name) => name,
            Subject::Token(token) => self.tokens[token].name,
        })
    }

    /// The token that is meant, or the newest of that name.
    pub(crate) fn token_of(&self, scope: Option<u8>, what: What) -> Option<usize> {
        self.subject(scope, what).and_then(|subject| match subject {
            Subject::Name(name) => self.tokens.iter().rposition(|t| t.name == name),
            Subject::Token(token) => Some(token),
        })
    }

    pub(crate) fn nth_attempt(&self, which: u8) -> Option<usize> {
        (!self.attempts.is_empty()).then(|| usize::from(which) % self.attempts.len())
    }

    fn happen(&mut self, happens: Move) -> Expected {
        self.expect(happens).unwrap_or(Expected::Nothing)
    }

    fn expect(&mut self, happens: Move) -> Option<Expected> {
        Some(match happens {
            Move::Begin { customer, pair, credentials, stranger } => {
                self.begin(customer, pair, credentials, stranger)
            }
            Move::Reauthenticate { customer, what } => {
                let name = self.name_of(Some(customer), what)?;
                self.reauthenticate(customer, name)
            }
            Move::Complete { which, how } => {
                let which = self.nth_attempt(which)?;
                self.complete(which, how)
            }
            Move::CompleteNewest { nameless } => {
                let which = self.attempts.len().checked_sub(1)?;
                self.complete(which, if nameless { How::Nameless } else { How::Right })
            }
            Move::Use { customer, what, granted } => {
                let name = self.name_of(Some(customer), what)?;
                self.usable(customer, name, granted)
            }
            Move::Report { customer, what } => {
                let token = self.token_of(Some(customer), what)?;
                self.report(customer, token)
            }
            Move::Disconnect { customer, what } => {
                let subject = self.subject(Some(customer), what)?;
                Expected::Ended(self.disconnect(Some(customer), subject, false))
            }
            Move::DisconnectAll { customer } => Expected::AllEnded(self.disconnect_all(customer)),
            Move::OperatorDisconnects { what, for_everyone } => {
                let subject = self.subject(None, what)?;
                Expected::Ended(self.disconnect(None, subject, for_everyone))
            }
            Move::Plan { scope, what, for_everyone } => {
                let subject = self.subject(scope, what)?;
                self.plan(scope, subject, for_everyone)
            }
            Move::CarryOut => match self.carry_out_plan() {
                Ended::Unasked => Expected::Nothing,
                ended => Expected::Ended(ended),
            },
            Move::Close { which } => {
                let name = self.nth_name(which)?;
                self.close(name)
            }
            Move::Dismiss { which } => self.dismiss(usize::from(which)),
            Move::EndFromDashboard { which } => {
                let name = self.nth_name(which)?;
                self.end_at_finch(name);
                Expected::Nothing
            }
            Move::Becomes(mode) => {
                self.mode = mode;
                Expected::Nothing
            }
            Move::Reconcile => self.reconcile(),
            Move::AnHour | Move::ADay => {
                self.hours += if matches!(happens, Move::AnHour) { 1 } else { 24 };
                self.groups.iter_mut().for_each(|g| g.late = false);
                Expected::Nothing
            }
            Move::Reopen => Expected::Nothing,
        })
    }
}
