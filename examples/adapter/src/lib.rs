#![doc = include_str!("../README.md")]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use finch_core::{
    Agenda, Attempt, AttemptId, Binding, Claim, Commit, Connection, ConnectionFilter, ConnectionId,
    ConnectionKey, CustomerId, EventQuery, Exchange, Fingerprint, Found, InstanceId, Keyring,
    Lease, Leased, NewAttempt, Recorded, Sealed, SealedToken, Selector, Seq, StoreError, Timestamp,
    Token, TokenFacts, TokenId, TokenQuery, TokenStore, forgotten, next_turn,
};
use serde::{Deserialize, Serialize};

/// A store that is one map in one file, open in one process at a time.
#[derive(Debug)]
pub struct FileTokenStore {
    binding: Binding,
    path: PathBuf,
    map: Mutex<Map>,
    /// Locked until the store is dropped.
    _lock: File,
}

/// Every row, under its number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Map {
    last_number: u64,
    keyring: Option<Keyring>,
    connections: BTreeMap<ConnectionKey, (Connection, Agenda)>,
    secrets: BTreeMap<TokenId, Sealed>,
    attempts: BTreeMap<AttemptId, Kept>,
    events: Vec<Recorded>,
    // Beside the rows, so that no commit takes back what these say.
    uses: BTreeMap<TokenId, Timestamp>,
    leases: BTreeMap<ConnectionKey, Lease>,
    last_turn: Option<Timestamp>,
}

/// An attempt: found by its state, claimed by its code.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    attempt: Attempt,
    state: Fingerprint,
    code: Option<Fingerprint>,
}

// Section 1: one file, whole or not at all, and on disk before a call returns.

impl FileTokenStore {
    /// Opens the store in this file, or makes it.
    ///
    /// # Errors
    /// The file is no such store, is another application's, or is open already; and those of the file system.
    pub fn open(path: impl Into<PathBuf>, binding: Binding) -> io::Result<Self> {
        let path = path.into();
        let lock = File::create(path.with_extension("lock"))?;
        lock.try_lock()?;
        let (kept, map) = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice::<(Binding, Map)>(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                (binding.clone(), Map::default())
            }
            Err(error) => return Err(error),
        };
        if kept.application != binding.application {
            return Err(io::Error::other("the store is another application's"));
        }
        Ok(Self { binding: kept, path, map: Mutex::new(map), _lock: lock })
    }

    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a copy of the map, which takes the place of the map once it is on disk.
    fn write<T>(
        &self,
        change: impl FnOnce(&mut Map) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut map = self.map();
        let mut changed = map.clone();
        let answer = change(&mut changed)?;
        self.save(&changed).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull => StoreError::Full,
            io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
            _ => StoreError::Backend(Box::new(error)),
        })?;
        *map = changed;
        Ok(answer)
    }

    fn save(&self, map: &Map) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(&(&self.binding, map))?)?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

// Section 2: how rows are found, and what a commit writes.

impl Map {
    fn next_number(&mut self) -> Seq {
        self.last_number += 1;
        Seq(self.last_number)
    }

    /// The newest token like this, with its connection.
    fn token(&self, is: impl Fn(&Token) -> bool) -> Option<(&Token, &Connection)> {
        let all = self.connections.values().flat_map(|(c, _)| c.tokens.iter().map(move |t| (t, c)));
        all.filter(|(token, _)| is(token)).max_by_key(|(token, _)| token.id)
    }

    fn find(&self, selector: Selector<'_>, customer: Option<&CustomerId>) -> Option<&Connection> {
        let is_own = |t: &Token| customer.is_none() || t.customer.as_ref() == customer;
        let mut all = self.connections.values().map(|(connection, _)| connection);
        let found = match selector {
            Selector::Key(key) => all.find(|c| c.key == key),
            Selector::Pair(provider, company) => {
                all.find(|c| c.provider == *provider && c.company.as_ref() == Some(company))
            }
            Selector::ConnectionId(id) => {
                all.find(|c| c.tokens.iter().any(|t| is_own(t) && t.facts.connection_id == *id))
            }
            Selector::FinchCustomerId(id) => all.find(|c| {
                let named = |t: &Token| t.facts.finch_customer_id.as_ref() == Some(id);
                c.tokens.iter().any(|t| is_own(t) && named(t))
            }),
            Selector::TokenId(id) => self.token(|t| is_own(t) && t.id == id).map(|(_, c)| c),
            Selector::Fingerprint(same) => {
                let newest = self.token(|t| t.fingerprint == *same);
                newest.filter(|(t, _)| is_own(t)).map(|(_, c)| c)
            }
        };
        found.filter(|c| c.tokens.iter().any(is_own))
    }

    /// A connection as the port shows it: each token with its last use.
    fn shown(&self, connection: &Connection) -> Connection {
        let mut shown = connection.clone();
        for token in &mut shown.tokens {
            token.used_at = self.uses.get(&token.id).copied();
        }
        shown
    }

    /// No bytes where the secret is missing.
    fn sealed(&self, token: &Token) -> Sealed {
        let missing = || Sealed { epoch: 0, bytes: Vec::new() };
        self.secrets.get(&token.id).cloned().unwrap_or_else(missing)
    }

    fn commit(&mut self, commit: Commit) -> Result<Seq, StoreError> {
        self.check(&commit)?;
        let number = self.next_number();
        let commit = commit.numbered(number);
        let key = commit.connection.as_ref().map(|row| row.key);
        if let Some(absorbed) = commit.absorbs {
            self.connections.remove(&absorbed);
            self.leases.remove(&absorbed);
        }
        let before = key.and_then(|key| self.connections.remove(&key)).map(|(before, _)| before);
        if let (Some(after), Some(row)) = (commit.applied_to(before), &commit.connection) {
            self.connections.insert(row.key, (after, row.agenda));
        }
        if let Some((id, end)) = &commit.attempt
            && let Some(Kept { attempt, .. }) = self.attempts.get_mut(id)
            && let Some(exchange) = &mut attempt.exchange
            && exchange.end.as_ref().is_none_or(|now| now.may_become(end))
        {
            exchange.end = Some(end.clone());
        }
        if let Some(keyring) = &commit.keyring {
            self.keyring = Some(keyring.clone());
        }
        for (id, event) in commit.recorded(number) {
            self.events.push(Recorded { id, connection: key, event: event.clone() });
        }
        for row in commit.secrets {
            match row.sealed {
                Some(sealed) => self.secrets.insert(row.token, sealed),
                None => self.secrets.remove(&row.token),
            };
        }
        Ok(number)
    }

    /// Whether what the decision saw still holds, and what is unique or final stays so.
    fn check(&self, commit: &Commit) -> Result<(), StoreError> {
        let is_seen = |c: &Connection| commit.seen.iter().any(|(key, _)| *key == c.key);
        let has_moved = commit.seen.iter().any(|(key, revision)| {
            self.connections.get(key).is_none_or(|(now, _)| now.revision != *revision)
        });
        let pair = commit
            .connection
            .as_ref()
            .and_then(|row| self.find(Selector::Pair(&row.provider, row.company.as_ref()?), None));
        let is_taken = |new: &Token| {
            let named = self.find(Selector::ConnectionId(&new.facts.connection_id), None);
            named.is_some_and(|c| !is_seen(c))
        };
        let is_known = commit.admitted().is_some_and(|new| {
            let same = self.token(|t| t.fingerprint == new.fingerprint);
            same.is_some_and(|(t, _)| !t.state.is_revoked())
        });
        if has_moved
            || is_known
            || pair.is_some_and(|c| !is_seen(c))
            || commit.tokens.iter().any(is_taken)
        {
            return Err(StoreError::Moved);
        }
        let is_revived = |now: &Token| {
            self.token(|t| t.id == now.id && t.state.is_revoked()).is_some()
                && !now.state.is_revoked()
        };
        if commit.tokens.iter().any(is_revived) {
            return Err(StoreError::Backend("a revoked token stays revoked".into()));
        }
        let is_empty = self.connections.is_empty() && self.attempts.is_empty();
        let epochs = self.secrets.values().map(|sealed| sealed.epoch);
        commit.check_keys(self.keyring.as_ref(), epochs, is_empty)
    }
}

// Section 3: the port.

#[async_trait]
impl TokenStore for FileTokenStore {
    fn binding(&self) -> &Binding {
        &self.binding
    }

    async fn keyring(&self) -> Result<Option<Keyring>, StoreError> {
        Ok(self.map().keyring.clone())
    }

    async fn open_attempt(
        &self,
        purpose: NewAttempt,
        state: &Fingerprint,
    ) -> Result<AttemptId, StoreError> {
        self.write(|map| {
            let attempts = map.attempts.values().map(|kept| &kept.attempt);
            for id in forgotten(attempts, purpose.opened_at) {
                map.attempts.remove(&id);
            }
            let id = AttemptId(map.next_number());
            let attempt = Attempt { id, purpose, exchange: None };
            map.attempts.insert(id, Kept { attempt, state: *state, code: None });
            Ok(id)
        })
    }

    async fn claim_attempt(
        &self,
        customer: Option<&CustomerId>,
        state: &Fingerprint,
        code: &Fingerprint,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError> {
        self.write(|map| {
            let began = map.next_number();
            let found = map.attempts.values_mut().find(|kept| {
                let own = customer.is_none_or(|id| *id == kept.attempt.purpose.customer);
                own && kept.state == *state
            });
            let Some(kept) = found else { return Ok(None) };
            let claim = kept.attempt.claim(kept.code == Some(*code), now);
            if claim == Claim::Begin {
                kept.code = Some(*code);
                kept.attempt.exchange = Some(Exchange { began, began_at: now, end: None });
            }
            Ok(Some((kept.attempt.clone(), claim)))
        })
    }

    async fn possible_orphans(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        let map = self.map();
        let attempts = map.attempts.values().map(|kept| &kept.attempt);
        let listed = attempts.filter(|attempt| {
            customer.is_none_or(|customer| *customer == attempt.purpose.customer)
                && after.is_none_or(|after| attempt.id > after)
                && attempt.is_possible_orphan(now)
        });
        Ok(listed.take(limit).cloned().collect())
    }

    async fn find(&self, token: &Fingerprint, facts: &TokenFacts) -> Result<Found, StoreError> {
        let map = self.map();
        let same = map.token(|t| t.fingerprint == *token);
        let pair = facts.company_id.as_ref().map(|id| Selector::Pair(&facts.provider_id, id));
        let named = map.find(Selector::ConnectionId(&facts.connection_id), None);
        Ok(Found {
            known: same.filter(|(t, _)| !t.state.is_revoked()).map(|(t, c)| (t.id, map.shown(c))),
            revoked_before: same.is_some_and(|(t, _)| t.state.is_revoked()),
            by_pair: pair.and_then(|pair| map.find(pair, None)).map(|c| map.shown(c)),
            by_connection_id: named.map(|c| map.shown(c)),
        })
    }

    async fn load(
        &self,
        selector: Selector<'_>,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError> {
        let map = self.map();
        Ok(map.find(selector, customer).map(|found| map.shown(found)))
    }

    async fn commit(&self, commit: Commit) -> Result<Seq, StoreError> {
        self.write(|map| map.commit(commit))
    }

    async fn sealed(&self, token: TokenId) -> Result<Option<Sealed>, StoreError> {
        let map = self.map();
        let found = map.token(|t| t.id == token && !t.state.is_revoked());
        Ok(found.map(|(token, _)| map.sealed(token)))
    }

    async fn usable_token(
        &self,
        customer: &CustomerId,
        connection: &ConnectionId,
        query: &TokenQuery,
    ) -> Result<Option<SealedToken>, StoreError> {
        let map = self.map();
        let found = map.find(Selector::ConnectionId(connection), Some(customer));
        let token = found.and_then(|found| query.choose(&found.tokens, customer));
        Ok(token.map(|token| SealedToken {
            id: token.id,
            connection_id: token.facts.connection_id.clone(),
            products: token.facts.products.clone(),
            fingerprint: token.fingerprint,
            sealed: map.sealed(token),
            used_at: map.uses.get(&token.id).copied(),
        }))
    }

    async fn connections(
        &self,
        filter: &ConnectionFilter<'_>,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        let map = self.map();
        let listed = map.connections.iter().filter(|(key, (connection, agenda))| {
            let sealed = connection.tokens.iter().filter_map(|t| map.secrets.get(&t.id));
            after.is_none_or(|after| **key > after)
                && filter.selects(connection, agenda, sealed.map(|sealed| sealed.epoch))
        });
        Ok(listed.map(|(key, _)| *key).take(limit).collect())
    }

    async fn lease(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        self.write(|map| {
            if !map.connections.contains_key(&connection) {
                return Ok(Leased::Absorbed);
            }
            let leased = Lease::ask(map.leases.get(&connection), owner, now);
            if leased == Leased::Taken {
                map.leases.insert(connection, Lease::of(owner.clone(), now));
            }
            Ok(leased)
        })
    }

    async fn release(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
    ) -> Result<(), StoreError> {
        self.write(|map| {
            map.leases.retain(|key, lease| *key != connection || lease.owner != *owner);
            Ok(())
        })
    }

    async fn take_turn(&self, every: Duration, now: Timestamp) -> Result<Timestamp, StoreError> {
        self.write(|map| {
            let turn = next_turn(map.last_turn, every, now);
            map.last_turn = Some(turn);
            Ok(turn)
        })
    }

    async fn note_use(&self, token: TokenId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|map| {
            if map.token(|t| t.id == token).is_some() {
                map.uses.insert(token, now);
            }
            Ok(())
        })
    }

    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<Recorded>, StoreError> {
        let map = self.map();
        let named = query.connection.and_then(|id| map.find(Selector::ConnectionId(id), None));
        let listed = map.events.iter().filter(|recorded| {
            query.after.is_none_or(|after| recorded.id > after)
                && query.selects(&recorded.event, named)
        });
        Ok(listed.take(query.limit).cloned().collect())
    }
}
