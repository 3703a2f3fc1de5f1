//! A commit: what one decision writes, as whole rows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AttemptEnd, AttemptId, CompanyId, Connection, ConnectionKey, Disconnect, DisconnectState,
    Event, EventId, Keyring, ProviderId, Question, RecordHead, Retirement, Revision, Sealed, Seq,
    StoreError, Token, TokenId, decide,
};

/// What one decision writes: all of it, or nothing. [`Draft::finish`](crate::Draft::finish) makes that of a
/// connection.
///
/// A commit takes one number of the store-wide sequence. Whatever is new in it, an id or a place in the
/// order, is that number: the rows say [`Seq::OF_COMMIT`] until [`numbered`](Self::numbered) puts it in.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// The connections that the decision saw, each at the revision at which it was loaded.
    pub seen: Vec<(ConnectionKey, Revision)>,
    /// The connection as it should be; none: the commit is of no connection, and neither are rows in it.
    pub connection: Option<ConnectionRow>,
    /// Tokens that are new, that differ, or that belonged to the absorbed connection.
    pub tokens: Vec<Token>,
    /// The same of disconnects: those that are not open first, so that no two are ever open.
    pub disconnects: Vec<Disconnect>,
    /// The same of retirements.
    pub retirements: Vec<Retirement>,
    /// A connection whose rows have moved to this one: its own row goes, last (R4).
    pub absorbs: Option<ConnectionKey>,
    /// How the exchange of an attempt ended. Does nothing to one that has ended, unless that
    /// [may become](AttemptEnd::may_become) this.
    pub attempt: Option<(AttemptId, AttemptEnd)>,
    /// The key ring, if the present one has the version before this one's; 0 stands for none.
    pub keyring: Option<Keyring>,
    /// What to remember, in this order: part of the connection's record, or else of the store's own.
    pub events: Vec<Event>,
    /// What to keep of the tokens' secrets. Those that are not named stay as they are.
    pub secrets: Vec<SecretRow>,
}

/// What to keep of a token's secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRow {
    /// Of which token.
    pub token: TokenId,
    /// The sealed secret; none: it is wiped, its bytes overwritten.
    pub sealed: Option<Sealed>,
}

/// A connection's own row. The store raises its revision by one with each commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionRow {
    /// The record; [`Seq::OF_COMMIT`] if it is new.
    pub key: ConnectionKey,
    /// The payroll or HR system.
    pub provider: ProviderId,
    /// The employer; none while the connection is provisional (R4).
    pub company: Option<CompanyId>,
    /// What it needs next. Kept beside the row, to be searched.
    #[serde(skip)]
    pub agenda: Agenda,
    /// What a webhook leaves to ask; none: nothing.
    pub question: Option<Question>,
    /// How far the record of its events goes, this commit's included.
    pub record: RecordHead,
}

impl ConnectionRow {
    /// The row of a connection as it is now.
    pub fn of(connection: &Connection) -> Self {
        Self {
            key: connection.key,
            provider: connection.provider.clone(),
            company: connection.company.clone(),
            agenda: decide::agenda(connection),
            question: connection.question,
            record: connection.record,
        }
    }
}

/// When a connection next needs work, and whether a person should look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agenda {
    /// When its disconnect, its tokens in doubt or its missing employer need work; none: there is nothing to do.
    pub due: Option<Timestamp>,
    /// When Finch is to be asked because of a webhook; none: there is no question.
    pub question: Option<Timestamp>,
    /// A person should look at it.
    pub attention: bool,
}

impl Commit {
    /// The commit under its number.
    #[must_use]
    pub fn numbered(mut self, number: Seq) -> Self {
        let number = |seq: &mut Seq| {
            if *seq == Seq::OF_COMMIT {
                *seq = number;
            }
        };
        if let Some(row) = &mut self.connection {
            number(&mut row.key.0);
            row.question.iter_mut().for_each(|question| number(&mut question.number));
        }
        for token in &mut self.tokens {
            number(&mut token.id.0);
            token.verified.as_mut().map(number);
            token.progress.sending.as_mut().map(number);
        }
        for disconnect in &mut self.disconnects {
            number(&mut disconnect.id.0);
            disconnect.fenced.iter_mut().for_each(|token| number(&mut token.0));
            if let DisconnectState::Ended { seq, .. } = &mut disconnect.state {
                number(seq);
            }
        }
        for retirement in &mut self.retirements {
            number(&mut retirement.seq);
        }
        for secret in &mut self.secrets {
            number(&mut secret.token.0);
        }
        if let Some((_, AttemptEnd::Stored(token))) = &mut self.attempt {
            number(&mut token.0);
        }
        self
    }

    /// The token that is new.
    pub fn admitted(&self) -> Option<&Token> {
        self.tokens.iter().find(|token| token.id == TokenId(Seq::OF_COMMIT))
    }

    /// Whether its new key ring is the next one, and no secret is, or would be, sealed with an older data key than
    /// the oldest in use. `known`: the present key ring; `sealed`: the numbers of the data keys that secrets name;
    /// `is_empty`: there is neither a connection nor an attempt.
    ///
    /// # Errors
    /// As [`TokenStore::commit`](crate::TokenStore::commit).
    pub fn check_keys(
        &self,
        known: Option<&Keyring>,
        sealed: impl IntoIterator<Item = u32>,
        is_empty: bool,
    ) -> Result<(), StoreError> {
        let (version, oldest) = known.map_or((0, 0), |known| (known.version, known.oldest));
        if self.secrets.iter().filter_map(|row| row.sealed.as_ref()).any(|new| new.epoch < oldest) {
            return Err(StoreError::OldEpoch);
        }
        let Some(keyring) = &self.keyring else { return Ok(()) };
        if keyring.version != version + 1 {
            return Err(StoreError::Moved);
        }
        if version == 0 && !is_empty {
            return Err(StoreError::Corrupt("it holds rows and no key ring".to_owned()));
        }
        match sealed.into_iter().any(|epoch| epoch < keyring.oldest) {
            true => Err(StoreError::OldEpoch),
            false => Ok(()),
        }
    }

    /// The events of a commit of this number, each with its id.
    pub fn recorded(&self, number: Seq) -> impl Iterator<Item = (EventId, &Event)> {
        (0..).map(move |place| EventId { commit: number, place }).zip(&self.events)
    }

    /// The connection after this commit, which is [numbered](Self::numbered); none: it is of no connection.
    /// `before`: the connection as stored; none if it is new.
    #[must_use]
    pub fn applied_to(&self, before: Option<Connection>) -> Option<Connection> {
        let row = self.connection.as_ref()?;
        let mut now =
            before.unwrap_or_else(|| Connection::empty(row.key, row.provider.clone(), None));
        now.revision.0 += 1;
        now.company.clone_from(&row.company);
        now.question = row.question;
        now.record = row.record;
        replace(&mut now.tokens, &self.tokens, |token| token.id.0);
        replace(&mut now.disconnects, &self.disconnects, |disconnect| disconnect.id.0);
        replace(&mut now.retirements, &self.retirements, |retirement| retirement.seq);
        Some(now)
    }
}

/// Puts rows in the place of those of the same id, and keeps the order of the ids.
fn replace<Row: Clone>(rows: &mut Vec<Row>, new: &[Row], id: impl Fn(&Row) -> Seq) {
    rows.retain(|row| new.iter().all(|new| id(new) != id(row)));
    rows.extend_from_slice(new);
    rows.sort_by_key(id);
}
