//! A draft: one connection as a decision changes it, and the rows that come of it.

use jiff::Timestamp;

use crate::{
    AttemptEnd, AttemptId, Commit, CompanyId, Connection, ConnectionKey, ConnectionRow,
    CustomerChange, Disconnect, DisconnectId, DisconnectState, Event, Intent, Progress, ProviderId,
    SealedAs, SecretRow, Seq, Token, TokenId, TokenState, customer_change::customer_changes,
};

/// A connection as loaded, and as it should be. The functions of [`decide`](crate::decide) change it;
/// [`finish`](Self::finish) gives the rows that differ.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The connection, and the one that it absorbs. Empty: the connection is new.
    loaded: Vec<Connection>,
    /// As it should be.
    pub(crate) now: Connection,
    /// The attempt that ends with the commit.
    pub(crate) attempt: Option<(AttemptId, AttemptEnd)>,
    events: Vec<Event>,
    reseals: bool,
}

/// A token whose secret must be sealed with a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reseal {
    /// The token as it should be. Its id is [`Seq::OF_COMMIT`] if it is new.
    pub token: Token,
    /// For what its secret is sealed so far; none: the token is new.
    pub was: Option<SealedAs>,
}

impl Draft {
    /// A draft of a connection, in which nothing has changed yet.
    pub fn of(connection: Connection) -> Self {
        Self { loaded: vec![connection.clone()], ..Self::starting_as(connection) }
    }

    /// A draft of a connection that does not exist yet.
    pub fn new(provider: ProviderId, company: Option<CompanyId>) -> Self {
        Self::starting_as(Connection::empty(ConnectionKey(Seq::OF_COMMIT), provider, company))
    }

    fn starting_as(now: Connection) -> Self {
        Self { loaded: Vec::new(), now, attempt: None, events: Vec::new(), reseals: false }
    }

    /// The connection as it should be.
    pub fn connection(&self) -> &Connection {
        &self.now
    }

    /// What the commit changes for the connection's customers.
    pub fn customer_changes(&self) -> Vec<CustomerChange> {
        customer_changes(&self.loaded, &self.now)
    }

    /// Every secret of the connection is to be sealed again, under the newest data key.
    pub fn reseal_all(&mut self) {
        self.reseals = true;
    }

    /// The secrets that must be sealed with the commit: of the token that is new, and of those that are
    /// [sealed as](Token::sealed_as) something else from now on; or [all](Self::reseal_all).
    pub fn reseals(&self) -> Vec<Reseal> {
        let kept = self.now.tokens.iter().filter(|token| !token.state.is_revoked());
        let reseals = kept.filter_map(|token| {
            let was = self.loaded_token(token.id).map(Token::sealed_as);
            let differs = was != Some(token.sealed_as());
            (differs || self.reseals).then(|| Reseal { token: token.clone(), was })
        });
        reseals.collect()
    }

    fn loaded_token(&self, id: TokenId) -> Option<&Token> {
        self.loaded.iter().find_map(|loaded| loaded.token(id))
    }

    /// The tokens that are revoked now, and were not.
    fn wiped(&self) -> Vec<SecretRow> {
        let revoked = self.now.tokens.iter().filter(|token| token.state.is_revoked());
        let now = revoked.filter(|token| {
            self.loaded_token(token.id).is_none_or(|before| !before.state.is_revoked())
        });
        now.map(|token| SecretRow { token: token.id, sealed: None }).collect()
    }

    /// The commit that makes it so; none: nothing differs. The secrets that it [names](Self::reseals) are to be
    /// added to it, and the head of the record with its events.
    pub fn finish(self) -> Option<Commit> {
        let secrets = self.wiped();
        let Self { loaded, mut now, attempt, events, reseals } = self;
        list_fenced(&mut now);
        drop_question(&mut now);
        let before = loaded.iter().find(|loaded| loaded.key == now.key);
        let absorbs = loaded.iter().map(|loaded| loaded.key).find(|key| *key != now.key);
        let differs = before != Some(&now) || absorbs.is_some();
        if !differs && attempt.is_none() && events.is_empty() && !reseals {
            return None;
        }
        let tokens = differing(&now, before, |c| &c.tokens);
        let retirements = differing(&now, before, |c| &c.retirements);
        let mut disconnects = differing(&now, before, |c| &c.disconnects);
        disconnects.sort_by_key(Disconnect::is_open);
        Some(Commit {
            seen: loaded.iter().map(|loaded| (loaded.key, loaded.revision)).collect(),
            tokens,
            disconnects,
            retirements,
            connection: Some(ConnectionRow::of(&now)),
            absorbs,
            attempt,
            keyring: None,
            events,
            secrets,
        })
    }
}

/// Names in the open disconnect what it has fenced: at its beginning, when a request joins it, when it goes on
/// again, when another connection is absorbed, and when a token arrives.
fn list_fenced(connection: &mut Connection) {
    let fenced: Vec<_> = connection.fenced().map(|token| token.id).collect();
    if let Some(open) = connection.disconnects.iter_mut().find(|d| d.is_open()) {
        open.fenced.extend(fenced);
        open.fenced.sort();
        open.fenced.dedup();
    }
}

/// A disconnect asks by itself, and of what has ended there is nothing to ask.
fn drop_question(connection: &mut Connection) {
    let is_live = connection.tokens.iter().any(|token| token.state.is_live());
    if connection.open_disconnect().is_some() || !is_live {
        connection.question = None;
    }
}

/// The rows that are new, or not as they were before.
fn differing<Row: Clone + PartialEq>(
    now: &Connection,
    before: Option<&Connection>,
    rows: impl Fn(&Connection) -> &Vec<Row>,
) -> Vec<Row> {
    let is_known = |row: &Row| before.is_some_and(|before| rows(before).contains(row));
    rows(now).iter().filter(|row| !is_known(row)).cloned().collect()
}

/// The changes that decisions are made of.
impl Draft {
    /// The drafted connection is absorbed by `into`: the rows of both, in their order.
    pub(crate) fn absorb_into(&mut self, into: Connection) {
        let absorbed = std::mem::replace(&mut self.now, into.clone());
        self.loaded.push(into);
        let one = &mut self.now;
        one.tokens.extend(absorbed.tokens);
        one.tokens.sort_by_key(|token| token.id);
        one.disconnects.extend(absorbed.disconnects);
        one.disconnects.sort_by_key(|disconnect| disconnect.id);
        one.retirements.extend(absorbed.retirements);
        one.retirements.sort_by_key(|retirement| retirement.seq);
        // The newer one: what was asked because of the older does not answer it.
        one.question = one.question.into_iter().chain(absorbed.question).max_by_key(|q| q.number);
    }

    pub(crate) fn token_mut(&mut self, id: TokenId) -> Option<&mut Token> {
        self.now.tokens.iter_mut().find(|token| token.id == id)
    }

    /// Fences every token that `which` selects; nothing that was tried before delays its end.
    /// Revoked tokens stay revoked. Returns the tokens as they were.
    pub(crate) fn fence(&mut self, which: impl Fn(&Token) -> bool) -> Vec<Token> {
        let ends = |token: &&mut Token| {
            !token.state.is_revoked() && token.state != TokenState::Fenced && which(token)
        };
        let mut before = Vec::new();
        for token in self.now.tokens.iter_mut().filter(ends) {
            before.push(token.clone());
            let superseded = token.is_superseded();
            token.progress = Progress { superseded, ..token.progress.reset() };
            token.state = TokenState::Fenced;
        }
        before
    }

    /// A disconnect begins; or joins the one that is open; or begins and ends at once, where Finch has ended the
    /// connection.
    pub(crate) fn add_disconnect(&mut self, intent: Intent, state: DisconnectState) {
        let id = DisconnectId(Seq::OF_COMMIT);
        self.now.disconnects.push(Disconnect { id, intent, state, fenced: Vec::new() });
    }

    /// A disconnect ends.
    pub(crate) fn end(&mut self, disconnect: DisconnectId, at: Timestamp) {
        self.set(disconnect, DisconnectState::Ended { seq: Seq::OF_COMMIT, at });
    }

    /// A disconnect that had ended goes on, for what is fenced from now on: the rest is proven.
    pub(crate) fn reopen(&mut self, disconnect: DisconnectId) {
        self.set(disconnect, DisconnectState::Open);
        for reopened in self.now.disconnects.iter_mut().filter(|d| d.id == disconnect) {
            reopened.fenced.clear();
        }
    }

    fn set(&mut self, id: DisconnectId, state: DisconnectState) {
        for disconnect in self.now.disconnects.iter_mut().filter(|d| d.id == id) {
            disconnect.state = state;
        }
    }

    /// At most one disconnect is open: the oldest of those that are. The others go on as it.
    pub(crate) fn settle_on_one_open_disconnect(&mut self) {
        let Some(into) = self.now.open_disconnect().map(|oldest| oldest.id) else { return };
        let mut fenced = Vec::new();
        for younger in self.now.disconnects.iter_mut().filter(|d| d.is_open() && d.id != into) {
            younger.state = DisconnectState::Merged { into };
            fenced.extend(younger.fenced.iter().copied());
        }
        if let Some(oldest) = self.now.disconnects.iter_mut().find(|d| d.id == into) {
            oldest.fenced.extend(fenced);
        }
    }

    pub(crate) fn remember(&mut self, event: Event) {
        self.events.push(event);
    }
}
