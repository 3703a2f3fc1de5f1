//! The durable store: the state as `finch-core` sees it, and back.

use std::sync::LazyLock;

use finch_core::{
    Actor, CompanyId, Connection, ConnectionId, ConnectionKey, CustomerId, DisconnectId,
    DisconnectState, Draft, Evidence, FailureKind, Fingerprint, OperatorName, Product, Progress,
    ProviderId, RecordHead, Refusal, Retirement, Revision, Seq, Token, TokenFacts, TokenId,
    TokenState, Trouble,
};
use jiff::Timestamp;

use crate::world::{By, Course, Disconnect, Mark, Moment, Stored, Wait, World};

/// The present. Nothing in the model depends on it: what waits, waits beyond it.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_000_000_000, 0);
const LATER: Timestamp = Timestamp::constant(1_000_000_001, 0);

/// So often Finch was asked when it is to be asked to disconnect once more.
const ENOUGH: u32 = 7;

/// Tokens have numbers of their own: they are compared with each other alone.
const TOKENS: u64 = 100;

struct Names {
    provider: ProviderId,
    company: CompanyId,
    customers: Vec<CustomerId>,
    connection_ids: Vec<ConnectionId>,
    operator: OperatorName,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| Names {
    provider: "gusto".parse().expect("an id"),
    company: "c".parse().expect("an id"),
    customers: ["a", "b"].map(|name| name.parse().expect("an id")).to_vec(),
    connection_ids: (0..8).map(|n| format!("c{n}").parse().expect("an id")).collect(),
    operator: "o".parse().expect("an id"),
});

pub(crate) fn customer(number: u8) -> &'static CustomerId {
    &NAMES.customers[usize::from(number)]
}

pub(crate) fn connection_id(number: u8) -> &'static ConnectionId {
    &NAMES.connection_ids[usize::from(number)]
}

pub(crate) fn operator() -> &'static OperatorName {
    &NAMES.operator
}

pub(crate) fn actor(by: By) -> Actor {
    match by {
        By::Customer(number) => Actor::Customer(customer(number).clone()),
        By::Operator => Actor::Operator(operator().clone()),
        By::Finch => Actor::Finch,
        By::Reconciler => Actor::Reconciler,
    }
}

/// What Finch says about a token of this `connection_id`.
pub(crate) fn facts(number: u8) -> TokenFacts {
    TokenFacts {
        connection_id: connection_id(number).clone(),
        provider_id: NAMES.provider.clone(),
        company_id: Some(NAMES.company.clone()),
        finch_customer_id: None,
        products: Vec::<Product>::new(),
    }
}

impl World {
    pub(crate) fn id_of(&self, code: u8) -> Option<TokenId> {
        let place = self.tokens.iter().position(|t| t.code == code)?;
        Some(TokenId(Seq(TOKENS + place as u64)))
    }

    pub(crate) fn code_of(&self, id: TokenId) -> u8 {
        self.tokens[(id.0.0 - TOKENS) as usize].code
    }

    /// The connection as a store would load it.
    pub(crate) fn connection(&self) -> Connection {
        let tokens = self.tokens.iter().enumerate();
        let disconnects = self.disconnects.iter().map(|d| finch_core::Disconnect {
            id: DisconnectId(Seq(d.began.into())),
            intent: finch_core::Intent { by: actor(d.by), reason: None, at: NOW },
            state: match d.state {
                Course::Open => DisconnectState::Open,
                Course::Ended(seq) => DisconnectState::Ended { seq: Seq(seq.into()), at: NOW },
                Course::Merged(into) => {
                    DisconnectState::Merged { into: DisconnectId(Seq(into.into())) }
                }
            },
            fenced: Vec::new(),
        });
        let retirements = self.retirements.iter().map(|(moment, who)| Retirement {
            seq: Seq((*moment).into()),
            customer: customer(*who).clone(),
            at: NOW,
        });
        Connection {
            key: ConnectionKey(Seq(0)),
            revision: Revision(0),
            provider: NAMES.provider.clone(),
            company: Some(NAMES.company.clone()),
            tokens: tokens.map(|(place, token)| self.token(place, token)).collect(),
            disconnects: disconnects.collect(),
            retirements: retirements.collect(),
            question: None,
            record: RecordHead::default(),
        }
    }

    fn token(&self, place: usize, stored: &Stored) -> Token {
        let code = &self.codes[usize::from(stored.code)];
        let refused = Refusal { at: NOW, request_id: None };
        let kind = match stored.wait {
            Wait::Alone => FailureKind::StillAccepted,
            _ => FailureKind::PaymentRequired,
        };
        let trouble = Trouble { failure: kind.into(), at: NOW };
        let revoked = |evidence| TokenState::Revoked { evidence, at: NOW };
        Token {
            id: TokenId(Seq(TOKENS + place as u64)),
            customer: Some(customer(code.owner).clone()),
            facts: facts(code.connection_id),
            fingerprint: Fingerprint([stored.code; 32]),
            finch_token_id: None,
            status: None,
            state: match stored.mark {
                Mark::Active => TokenState::Active,
                Mark::Unverified => TokenState::Unverified,
                Mark::Fenced => TokenState::Fenced,
                Mark::Retired => TokenState::Retired,
                Mark::Superseded => TokenState::Superseded,
                Mark::Refused => revoked(Evidence::Refused { request_id: None }),
                Mark::Closed => revoked(Evidence::ClosedByOperator {
                    operator: operator().clone(),
                    reason: String::new(),
                }),
            },
            exchange_began: Seq(stored.began.into()),
            verified: (stored.verified > 0).then(|| Seq(stored.verified.into())),
            added_at: NOW,
            progress: Progress {
                acknowledged: stored.acknowledged.then_some(NOW),
                polls: if stored.polled { ENOUGH } else { 0 },
                sending: stored.sending.map(mark_of),
                ambiguous_at: stored.ambiguous.then_some(NOW),
                superseded: stored.superseded,
                quarantine: None,
                refused: stored.refused.then_some(refused),
                failures: 0,
                next_try: (stored.wait != Wait::No).then_some(LATER),
                trouble: (stored.wait != Wait::No).then_some(trouble),
            },
            handed_out: false,
            used_at: None,
        }
    }

    /// Writes a draft as a store does: whole, and what is new under the next number. An arriving token is
    /// of this code.
    pub(crate) fn write(&mut self, draft: Draft, code: Option<u8>) {
        let mut connection = draft.connection().clone();
        let Some(commit) = draft.finish() else { return };
        let row = commit.connection.as_ref().expect("a connection");
        self.due = row.agenda.due.is_some();
        let number = Seq(self.next().into());
        let commit = commit.numbered(number);
        if let Some(token) = connection.tokens.last_mut()
            && token.id == TokenId(Seq::OF_COMMIT)
        {
            token.id = TokenId(Seq(TOKENS + self.tokens.len() as u64));
        }
        for token in &mut connection.tokens {
            token.verified = token.verified.map(|verified| verified.min(number));
        }
        let known = self.disconnects.len();
        connection.disconnects.truncate(known);
        for row in commit.disconnects {
            match connection.disconnects.iter_mut().find(|d| d.id == row.id) {
                Some(found) => *found = row,
                None => connection.disconnects.push(row),
            }
        }
        for retirement in &mut connection.retirements {
            retirement.seq = retirement.seq.min(number);
        }
        self.keep(&connection, code);
    }

    fn keep(&mut self, connection: &Connection, arrived: Option<u8>) {
        for (place, token) in connection.tokens.iter().enumerate() {
            let before = self.tokens.get(place).copied();
            let code = before.map(|t| t.code).or(arrived).unwrap_or_default();
            let after = stored(code, token);
            match before {
                Some(before) => {
                    let gone = before.mark != Mark::Unverified && before.mark != Mark::Active;
                    self.revived |= gone && after.mark.is_live();
                    self.revived |= before.mark.is_final() && after.mark != before.mark;
                    self.tokens[place] = after;
                }
                None => self.tokens.push(after),
            }
        }
        self.disconnects = connection.disconnects.iter().map(kept).collect();
        let retired = |r: &Retirement| (moment(r.seq), number(&r.customer));
        self.retirements = connection.retirements.iter().map(retired).collect();
    }
}

/// Marks have numbers of their own: an instance has one call under way at a time.
const MARKS: u64 = 1 << 40;

/// The sending mark of this instance.
pub(crate) fn mark_of(instance: u8) -> Seq {
    Seq(MARKS + u64::from(instance))
}

fn moment(seq: Seq) -> Moment {
    seq.0 as Moment
}

fn number(customer: &CustomerId) -> u8 {
    NAMES.customers.iter().position(|known| known == customer).unwrap_or_default() as u8
}

fn stored(code: u8, token: &Token) -> Stored {
    let progress = &token.progress;
    let waits = progress.next_try.is_some_and(|next| next > NOW);
    let alone = progress.trouble.as_ref().is_none_or(|t| t.failure.kind.is_of_one_token());
    Stored {
        code,
        mark: match &token.state {
            TokenState::Active => Mark::Active,
            TokenState::Unverified => Mark::Unverified,
            TokenState::Retired => Mark::Retired,
            TokenState::Superseded => Mark::Superseded,
            TokenState::Revoked { evidence: Evidence::ClosedByOperator { .. }, .. } => Mark::Closed,
            TokenState::Revoked { .. } => Mark::Refused,
            _ => Mark::Fenced,
        },
        began: moment(token.exchange_began),
        verified: token.verified.map_or(0, moment),
        acknowledged: progress.acknowledged.is_some(),
        polled: progress.polls > 0,
        sending: progress.sending.map(|mark| mark.0.saturating_sub(MARKS) as u8),
        ambiguous: progress.ambiguous_at.is_some(),
        superseded: progress.superseded,
        refused: progress.refused.is_some(),
        wait: match (waits, alone) {
            (false, _) => Wait::No,
            (true, true) => Wait::Alone,
            (true, false) => Wait::All,
        },
    }
}

fn kept(disconnect: &finch_core::Disconnect) -> Disconnect {
    Disconnect {
        began: moment(disconnect.began()),
        by: match &disconnect.intent.by {
            Actor::Customer(customer) => By::Customer(number(customer)),
            Actor::Operator(_) => By::Operator,
            Actor::Finch => By::Finch,
            Actor::Reconciler => By::Reconciler,
        },
        state: match disconnect.state {
            DisconnectState::Open => Course::Open,
            DisconnectState::Ended { seq, .. } => Course::Ended(moment(seq)),
            DisconnectState::Merged { into } => Course::Merged(moment(into.0)),
        },
    }
}
