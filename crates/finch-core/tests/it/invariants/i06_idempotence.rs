//! I6: disconnect twice = once, however late the second; finish, proofs and callbacks may repeat in any order.

use std::{collections::BTreeSet, rc::Rc};

use finch_core::{
    Actor, Connection, CustomerId, Draft, Found, Intent, Token, TokenId, TokenState,
    decide::{
        self, Arrival, Arrived, AskedAt, Call, Observation, Observed, PlanVerdict, Source, Subject,
    },
};
use finch_testkit::{at, digest};
use proptest::{prelude::*, test_runner::TestCaseError};

use super::{holds_after_each_step, world};
use crate::{answered, committed};

/// Fails where a decision changes the connection.
fn unchanged(
    connection: &Connection,
    what: &str,
    decide: impl FnOnce(&mut Draft),
) -> Result<(), TestCaseError> {
    let after = committed(connection, decide);
    prop_assert_eq!(connection, &Connection { revision: connection.revision, ..after }, "{}", what);
    Ok(())
}

/// A request by this actor, a second time, changes nothing.
fn fences_once(connection: &Connection, by: Actor) -> Result<(), TestCaseError> {
    let intent = Intent { by, reason: None, at: at(0) };
    let once = committed(connection, |draft| decide::fence(draft, intent.clone()));
    unchanged(&once, "fence", |draft| decide::fence(draft, intent))
}

/// A disconnect that has ended is not ended again.
fn ends_once(connection: &Connection) -> Result<(), TestCaseError> {
    for ended in connection.disconnects.iter().filter(|d| !d.is_open()) {
        let by = world::operator();
        unchanged(connection, "finish", |draft| decide::finish(draft, ended.id, at(9)))?;
        unchanged(connection, "close", |draft| decide::close(draft, ended.id, &by, "why", at(9)))?;
    }
    Ok(())
}

/// A proof of what is proven changes nothing.
fn is_proven_once(connection: &Connection, token: &Token) -> Result<(), TestCaseError> {
    let refusal = answered(401, "invalid_token");
    if token.state.is_revoked() || token.progress.refused.is_some() {
        for call in [Call::Disconnect, Call::Introspect] {
            unchanged(connection, "record", |draft| {
                decide::record(draft, token.id, call, None, Err(&refusal), at(9), 0.0);
            })?;
        }
    }
    if token.state.is_revoked() {
        let (asked_at, answer) = (AskedAt::of(connection), Err(&refusal));
        let (token, late, now, jitter) = (token.id, None, at(9), 0.0);
        let said = Observation { token, asked_at, answer, late, now, jitter };
        let mut observed = None;
        unchanged(connection, "observe", |d| observed = Some(decide::observe(d, None, said)))?;
        prop_assert_eq!(observed, Some(Observed::Nothing));
    }
    Ok(())
}

/// A token that is stored, and arrives again, stays what it is.
fn arrives_once(connection: &Connection, token: &Token) -> Result<(), TestCaseError> {
    let Some(customer) = token.customer.as_ref().filter(|_| !token.state.is_revoked()) else {
        return Ok(());
    };
    let (facts, fingerprint) = (token.facts.clone(), token.fingerprint);
    let (began, by) = (token.exchange_began, world::operator());
    let from = Source::Import { customer, by: &by };
    let found = Found { known: Some((token.id, connection.clone())), ..Found::default() };
    let arrival = Arrival { facts, fingerprint, from, began, now: at(9), late: false };
    let admitted = decide::admit(found, arrival);
    prop_assert_eq!(admitted.arrived, Arrived::Known(token.id));
    prop_assert_eq!(Some(connection), admitted.draft.as_ref().map(Draft::connection));
    Ok(())
}

/// A disconnect of what has ended sends nothing: it has ended, or it is the open one that goes on.
fn has_ended(connection: &Connection, token: &Token) -> Result<(), TestCaseError> {
    let scopes: [Option<&CustomerId>; 2] = [None, token.customer.as_ref()];
    for customer in scopes {
        let reason = customer.is_none().then(|| "why".to_owned());
        let plan = decide::plan(connection, &Subject::Token(token.id), customer, reason, &digest);
        let goes_on = connection.open_disconnect().is_some() && plan.verdict == PlanVerdict::Joins;
        prop_assert!(
            plan.verdict == PlanVerdict::AlreadyDisconnected || goes_on,
            "{} has ended, and a disconnect by {:?} {:?}",
            token.id,
            customer,
            plan.verdict
        );
    }
    Ok(())
}

#[test]
fn i6_twice_is_once() {
    holds_after_each_step(|ended: &mut BTreeSet<TokenId>, before, world, _| {
        let is_known = |c: &&Rc<Connection>| before.connections.iter().any(|b| Rc::ptr_eq(b, c));
        for connection in world.store.connections.iter().filter(|c| !is_known(c)) {
            let was = |token: &Token| before.connections.iter().find_map(|c| c.token(token.id));
            let ends = |t: &&Token| {
                t.state.is_revoked()
                    && connection.open_disconnect().is_none()
                    && was(t).is_some_and(|was| was.state == TokenState::Fenced)
            };
            ended.extend(connection.tokens.iter().filter(ends).map(|t| t.id));
            fences_once(connection, Actor::Operator(world::operator()))?;
            for customer in connection.customers_using() {
                fences_once(connection, Actor::Customer(customer.clone()))?;
            }
            ends_once(connection)?;
            for token in &connection.tokens {
                is_proven_once(connection, token)?;
                arrives_once(connection, token)?;
            }
            for token in connection.tokens.iter().filter(|t| ended.contains(&t.id)) {
                has_ended(connection, token)?;
            }
        }
        Ok(())
    });
}
