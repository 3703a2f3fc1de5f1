//! The judge: what a store must still say after a crash or a fault.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{Debug, Display},
};

use finch_core::{
    AccessToken, Connection, ConnectionId, CustomerId, Timestamp, Token, TokenId, TokenQuery,
    TokenState, TokenStore,
};
use finch_seal::Domain;
use finch_testkit::FakeFinch;
use finch_tests::StoreKeys;

use crate::ledger::{Exchange, Ledger};

/// What is broken, in words. No secret is in it.
#[derive(Clone, Debug)]
pub struct Broken(pub String);

/// Names what did not work.
pub(crate) trait OrBroken<T> {
    fn or_broken(self, what: impl Display) -> Result<T, Broken>;
}

impl<T, E: Debug> OrBroken<T> for Result<T, E> {
    fn or_broken(self, what: impl Display) -> Result<T, Broken> {
        self.map_err(|error| Broken(format!("{what}: {error:?}")))
    }
}

pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(what())) }
}

/// What the judge found in a store.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) connections: Vec<Connection>,
    /// The secrets that open, by record; and those of the ledger.
    pub(crate) secrets: BTreeMap<TokenId, String>,
    /// The store's keys; none: it has never been used.
    keys: Option<StoreKeys>,
}

impl Found {
    pub(crate) fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.connections.iter().flat_map(|c| &c.tokens)
    }

    fn keys(&self) -> Result<&StoreKeys, Broken> {
        self.keys.as_ref().ok_or_else(|| Broken("it holds tokens and no key ring".into()))
    }
}

/// Everything that the store must still say: what was acknowledged, no more than was asked for, and
/// every token that Finch issued, or its attempt, if the token was not handed back.
pub(crate) async fn judge(
    store: &dyn TokenStore,
    db: &rusqlite::Connection,
    ledger: &Ledger,
    finch: &FakeFinch,
    later: Timestamp,
) -> Result<Found, Broken> {
    whole(db)?;
    let found = found(store, ledger).await?;
    let issued: BTreeSet<String> = finch.issued().iter().map(|t| t.expose().to_owned()).collect();
    acknowledged(&found, ledger)?;
    for (id, secret) in &found.secrets {
        ensure(issued.contains(secret), || format!("{id} holds what Finch never issued"))?;
    }
    handed_out(store, &found, ledger).await?;
    not_lost(store, ledger, &found, finch, later).await?;
    Ok(found)
}

/// The file itself, and that no secret is left of a token that is dead.
fn whole(db: &rusqlite::Connection) -> Result<(), Broken> {
    let check: String =
        db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).or_broken("integrity")?;
    ensure(check == "ok", || format!("integrity_check: {check}"))?;
    let sql = "SELECT count(*) FROM tokens JOIN secrets ON token = id \
        WHERE state = 'revoked' AND sealed <> zeroblob(length(sealed))";
    let left: i64 = db.query_row(sql, [], |row| row.get(0)).or_broken("dead secrets")?;
    ensure(left == 0, || format!("{left} secrets of dead tokens are left"))
}

async fn found(store: &dyn TokenStore, ledger: &Ledger) -> Result<Found, Broken> {
    let connections = finch_testkit::connections(store, None).await.or_broken("connections")?;
    let known = ledger.tokens.iter().filter_map(|(id, k)| Some((*id, k.secret.clone()?)));
    let mut secrets: BTreeMap<_, _> = known.collect();
    let keys = match store.keyring().await.or_broken("the key ring")? {
        Some(keyring) => Some(StoreKeys::open(store.binding(), &keyring).await),
        None => None,
    };
    let keys = keys.transpose().or_broken("the keys")?;
    let mut found = Found { connections, secrets: BTreeMap::new(), keys };
    for token in found.tokens() {
        let what = || format!("secret of {}", token.id);
        let sealed = store.sealed(token.id).await.or_broken(what())?;
        let opened = match sealed {
            Some(sealed) => Some(found.keys()?.secret(token, token.sealed_as(), &sealed)),
            None => None,
        };
        let opened = opened.transpose().or_broken(what())?.map(|s| s.expose().to_owned());
        let dead = token.state.is_revoked();
        ensure(dead == opened.is_none(), || {
            format!("{} is {:?}: its secret", token.id, token.state)
        })?;
        let Some(opened) = opened else { continue };
        let known = secrets.entry(token.id).or_insert_with(|| opened.clone());
        ensure(*known == opened, || format!("{} opens to another token", token.id))?;
    }
    found.secrets = secrets;
    Ok(found)
}

fn acknowledged(found: &Found, ledger: &Ledger) -> Result<(), Broken> {
    let stored: BTreeMap<TokenId, &TokenState> = found.tokens().map(|t| (t.id, &t.state)).collect();
    for (id, known) in &ledger.tokens {
        let Some(state) = stored.get(id) else {
            return Err(Broken(format!("acknowledged {id} ({:?}) is gone", known.state)));
        };
        ensure(Ledger::may_be(&known.state, state), || {
            format!("{id} was acknowledged as {:?}, and is {state:?}", known.state)
        })?;
    }
    Ok(())
}

/// What is handed out is active, was never taken back, and opens to the right token.
async fn handed_out(store: &dyn TokenStore, found: &Found, ledger: &Ledger) -> Result<(), Broken> {
    for (customer, connection, secret) in usable(store, found).await? {
        let of = |t: &&Token| t.customer.as_ref() == Some(&customer);
        let same =
            |t: &&Token| found.secrets.get(&t.id).map(String::as_str) == Some(secret.expose());
        let token = found.tokens().filter(of).filter(|t| !t.state.is_revoked()).find(same);
        let Some(token) = token else {
            return Err(Broken(format!("{connection} hands out an unknown token")));
        };
        ensure(token.state == TokenState::Active, || {
            format!("{} is handed out, and is {:?}", token.id, token.state)
        })?;
        let before = ledger.tokens.get(&token.id).map(|known| &known.state);
        ensure(before.is_none_or(TokenState::is_live), || {
            format!("{} is handed out, and was acknowledged as {before:?}", token.id)
        })?;
    }
    Ok(())
}

/// What each customer gets, by each name of each of its connections.
pub(crate) async fn usable(
    store: &dyn TokenStore,
    found: &Found,
) -> Result<Vec<(CustomerId, ConnectionId, AccessToken)>, Broken> {
    let owned = found.tokens().filter_map(|t| Some((t.customer.clone()?, &t.facts.connection_id)));
    let mut all = Vec::new();
    for (customer, connection) in owned.collect::<BTreeSet<_>>() {
        let usable = store.usable_token(&customer, connection, &TokenQuery::default()).await;
        let what = format_args!("the token of {connection}");
        let Some(usable) = usable.or_broken(what)? else { continue };
        let secret = found.keys()?.usable(&customer, &usable).or_broken(what)?;
        all.push((customer, connection.clone(), secret));
    }
    Ok(all)
}

/// Every token that Finch issued is stored, or was handed back, or its attempt is listed, or a later
/// token of the same connection ends with it.
async fn not_lost(
    store: &dyn TokenStore,
    ledger: &Ledger,
    found: &Found,
    finch: &FakeFinch,
    later: Timestamp,
) -> Result<(), Broken> {
    let listed = store.possible_orphans(None, later, None, 10_000).await.or_broken("orphans")?;
    let listed: BTreeSet<_> = listed.iter().map(|attempt| attempt.id).collect();
    let kept = found.keys.as_ref().map(|keys| {
        let kept: BTreeSet<_> = found.tokens().map(|token| token.fingerprint.0).collect();
        move |secret: &str| kept.contains(&keys.fingerprint(Domain::Token, secret).0)
    });
    let is_kept = |secret: &str| kept.as_ref().is_some_and(|kept| kept(secret));
    let alive = finch.alive();
    for Exchange { attempt, secret } in &ledger.exchanges {
        let Some(secret) = secret.as_ref().filter(|secret| !is_kept(secret)) else { continue };
        if ledger.handed_back.contains(secret) || listed.contains(attempt) {
            continue;
        }
        let own = alive.iter().find(|(token, ..)| token.expose() == secret);
        let Some((.., provider, company)) = own else { continue };
        let mut beside = alive.iter().filter(|(.., p, c)| (p, c) == (provider, company));
        ensure(beside.any(|(token, ..)| is_kept(token.expose())), || {
            format!("a live token of {attempt:?} is lost")
        })?;
    }
    Ok(())
}
