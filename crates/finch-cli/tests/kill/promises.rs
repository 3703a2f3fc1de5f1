//! What must hold after every kill, from Finch's truth, the store, and what was promised.

use std::collections::{BTreeMap, BTreeSet};

use finch_core::{TokenId, TokenState as State};
use finch_emulator::TokenState;

use crate::{app::App, look::Look, stage::Stage};

/// What was promised so far, and what has been seen: whatever happens, it stays true. Tokens are named by
/// their fingerprints at the emulator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// An exchange said that it is stored.
    pub(crate) kept: BTreeSet<String>,
    /// It is lost, and its exchange was listed.
    pub(crate) listed: BTreeSet<String>,
    /// Which record holds which token: records don't vanish.
    pub(crate) records: BTreeMap<TokenId, String>,
    /// A disconnect that covers it has begun: it is never handed out again.
    pub(crate) never: BTreeSet<String>,
    /// A disconnect said that it has ended.
    pub(crate) dead: BTreeSet<String>,
}

/// Looks, and says which promises are broken: none, if all is well. What is seen enters the ledger.
pub(crate) fn broken(stage: &Stage, app: &App) -> (Look, Vec<String>) {
    let look = stage.block_on(Look::at(stage, app));
    let broken = unkept(stage, &look);
    stage.ledger.borrow_mut().records.extend(look.stored.clone());
    (look, broken)
}

fn unkept(stage: &Stage, look: &Look) -> Vec<String> {
    let truth = stage.finch.state();
    let ledger = &mut *stage.ledger.borrow_mut();
    let accepted: BTreeSet<&str> =
        truth.tokens.iter().filter(|t| !t.revoked).map(|t| t.fingerprint.as_str()).collect();
    let mut broken = Vec::new();
    let mut say = |what: String| broken.push(what);

    // Every token that Finch accepts is somewhere, or its exchange is listed: at least until a later
    // token of the same connection is stored, so that one disconnect ends both.
    let stored: BTreeSet<&String> = look.stored.values().chain(&look.rescued).collect();
    let covered: BTreeSet<&String> = truth
        .tokens
        .iter()
        .filter(|token| !token.revoked && stored.contains(&token.fingerprint))
        .map(|token| &token.connection_id)
        .collect();
    let mut lost: BTreeMap<&str, Vec<&TokenState>> = BTreeMap::new();
    for token in truth.tokens.iter().filter(|token| !token.revoked) {
        let fingerprint = &token.fingerprint;
        if ledger.kept.contains(fingerprint) && !stored.contains(fingerprint) {
            say(format!("token {fingerprint} was acknowledged, and is not stored"));
        } else if !stored.contains(fingerprint) {
            let at_finch = token.customer_id.as_deref().unwrap_or_default();
            // The customer's second connection goes by `customer~2` at Finch, and so on.
            lost.entry(at_finch.split('~').next().unwrap()).or_default().push(token);
        }
    }
    for (customer, mut lost) in lost {
        let listed = look.orphans.iter().filter(|o| o.customer.as_str() == customer).count();
        if lost.len() > listed {
            let was_listed = |token: &&TokenState| ledger.listed.contains(&token.fingerprint);
            lost.retain(|t| !(was_listed(t) && covered.contains(&t.connection_id)));
        }
        if lost.len() > listed {
            say(format!("{} tokens of {customer} are lost, and {listed} are listed", lost.len()));
        }
        ledger.listed.extend(lost.iter().map(|token| token.fingerprint.clone()));
    }

    // Records stay, and none is wiped while Finch accepts its token.
    let tokens = || look.connections.iter().flat_map(|connection| &connection.tokens);
    for (id, fingerprint) in &ledger.records {
        let Some(token) = tokens().find(|token| token.id == *id) else {
            say(format!("the record of token {fingerprint} is gone"));
            continue;
        };
        let revoked = matches!(token.state, State::Revoked { .. });
        if revoked && accepted.contains(fingerprint.as_str()) {
            say(format!("token {fingerprint} is wiped, and Finch accepts it"));
        }
        if !revoked && look.stored.get(id) != Some(fingerprint) {
            say(format!("the secret of token {fingerprint} is not in its record"));
        }
    }

    // What is handed out works, and no disconnect of it has begun.
    for (customer, fingerprint) in &look.handed_out {
        if ledger.never.contains(fingerprint) {
            say(format!("token {fingerprint} is handed out to {customer} after its fence"));
        }
        if !accepted.contains(fingerprint.as_str()) {
            say(format!("token {fingerprint} is handed out to {customer}, and Finch refuses it"));
        }
    }

    // What was said to have ended has.
    for fingerprint in &ledger.dead {
        if accepted.contains(fingerprint.as_str()) {
            say(format!("token {fingerprint} was said to be disconnected, and Finch accepts it"));
        }
        if look.stored.values().any(|stored| stored == fingerprint) {
            say(format!("token {fingerprint} was said to be disconnected, and is kept"));
        }
    }
    broken
}
