//! I11: no sequence of calls in one customer's scope reads, changes or reveals anything of another's, but for
//! the one bit `shared`.

use std::{collections::BTreeSet, rc::Rc};

use finch_core::{
    Connection, ConnectionView, CustomerId, EventKind, TokenState,
    decide::{Plan, Subject, plan, why_no_token},
};
use finch_testkit::digest;
use proptest::prelude::*;

use super::{holds_after_each_step, world::customer};

/// What a host can show to a customer of its connections. Of a token that a disconnect ends, only that it
/// does: Finch's proofs are written down by whatever call follows that disconnect.
fn shown(connections: &[Rc<Connection>], who: &CustomerId) -> Vec<ConnectionView> {
    let views = connections.iter().filter_map(|c| {
        let own = (**c).clone().seen_by(Some(who));
        (!own.tokens.is_empty()).then(|| ConnectionView::of(&own, Some(who)))
    });
    let mut views: Vec<_> = views.collect();
    for view in &mut views {
        let is_ending =
            |s: &TokenState| matches!(s, TokenState::Fenced | TokenState::Revoked { .. });
        for token in view.tokens.iter_mut().filter(|t| is_ending(&t.state)) {
            (token.state, token.trouble, token.next_try) = (TokenState::Fenced, None, None);
        }
        if view.tokens.iter().any(|t| t.state == TokenState::Fenced) {
            (view.state, view.ended_at) = (finch_core::ConnectionState::Disconnecting, None);
        }
    }
    views.sort_by(|a, b| a.connection_ids.cmp(&b.connection_ids));
    views
}

/// The same connection with other customers' tokens, which differ in everything but that they are there.
fn with_others_hidden(connection: &Connection, from: &CustomerId) -> Connection {
    let mut hidden = connection.clone();
    for (number, token) in hidden.tokens.iter_mut().enumerate() {
        if token.customer.as_ref().is_some_and(|c| c != from) {
            token.customer = CustomerId::new("another").ok();
            token.facts.connection_id = format!("hidden-{number}").parse().expect("an id");
            token.facts.products.clear();
            (token.status, token.added_at, token.used_at) = (None, finch_testkit::at(7), None);
        }
    }
    hidden
}

/// A plan and its count of live tokens, which its equality does not compare.
fn with_live(plan: Plan) -> (Plan, usize) {
    let live = plan.live;
    (plan, live)
}

#[test]
fn i11_customers_are_apart() {
    holds_after_each_step(|(): &mut (), before, world, scope| {
        let events = &world.store.events[before.events..];
        let is_named = events.iter().any(|e| matches!(e.kind, EventKind::CompanyNamed { .. }));
        for other in (0..3).map(customer).filter(|c| scope.is_some_and(|scope| scope != c)) {
            for event in events {
                prop_assert_ne!(event.customer.as_ref(), Some(&other), "{:?}", event);
            }
            // An employer that is named late is named for every customer.
            if !is_named {
                let was = shown(&before.connections, &other);
                prop_assert_eq!(was, shown(&world.store.connections, &other), "{} sees", other);
            }
        }
        let is_known = |c: &&Rc<Connection>| before.connections.iter().any(|b| Rc::ptr_eq(b, c));
        for connection in world.store.connections.iter().filter(|c| !is_known(c)) {
            let customers = connection.tokens.iter().filter_map(|t| t.customer.as_ref());
            for who in customers.collect::<BTreeSet<_>>() {
                let hidden = with_others_hidden(connection, who);
                let own = connection.tokens.iter().filter(|t| t.customer.as_ref() == Some(who));
                for token in own {
                    let subject = Subject::ConnectionId(token.facts.connection_id.clone());
                    let plan =
                        |c: &Connection| with_live(plan(c, &subject, Some(who), None, &digest));
                    prop_assert_eq!(plan(connection), plan(&hidden));
                }
                let why = |c: &Connection| why_no_token(Some(c), who).to_string();
                prop_assert_eq!(why(connection), why(&hidden));
            }
        }
        Ok(())
    });
}
