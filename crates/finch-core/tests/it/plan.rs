//! What a disconnect would hit.

use finch_core::{
    Actor, Connection, TokenState,
    decide::{PlanVerdict, Subject, plan},
};
use finch_testkit::digest;

use crate::{connection, customer, disconnect, operator, token};

fn revoked() -> TokenState {
    let evidence = finch_core::Evidence::Refused { request_id: None };
    TokenState::Revoked { evidence, at: finch_testkit::at(0) }
}

fn refusal() -> finch_core::Refusal {
    finch_core::Refusal { at: finch_testkit::at(0), request_id: None }
}

fn verdict(connection: &Connection, id: &str, who: Option<&str>, force: bool) -> PlanVerdict {
    let subject = Subject::ConnectionId(id.parse().expect("an id"));
    let who = who.map(customer);
    let reason = force.then(|| "the contract has ended".to_owned());
    plan(connection, &subject, who.as_ref(), reason, &digest).verdict
}

/// Each row: a connection; a handle, the customer (none: the operator), whether there is a reason, the verdict.
#[test]
fn each_verdict() {
    use PlanVerdict::{AlreadyDisconnected, Disconnects, Joins, Retires, SharedWithOthers};
    let live = |who, id, began| token(who, id, began, began + 1, TokenState::Active);
    let old = |id| token("acme", id, 1, 2, revoked());
    let fenced = || token("acme", "k", 1, 2, TokenState::Fenced);
    let doubtful = || token("other", "k2", 11, 12, TokenState::Unverified);
    let superseded = || token("acme", "k1", 1, 20, TokenState::Superseded);
    let ended = || vec![disconnect(operator(), 10, Some(12))];
    let open = || vec![disconnect(Actor::Customer(customer("acme")), 10, None)];
    let mut odd = token("other", "k", 3, 4, TokenState::Quarantined);
    odd.customer = None;
    let mut proven = fenced();
    proven.progress.refused = Some(refusal());
    let (acme, ops) = (Some("acme"), None);
    let shared = |state| vec![live("acme", "k", 1), token("other", "k", 3, 4, state)];
    let of_shared = [
        ("k", acme, false, Retires),
        ("k", acme, true, Retires),
        ("k", ops, false, SharedWithOthers),
        ("k", ops, true, Disconnects),
    ];
    let of_one = [("k", acme, false, Disconnects), ("k", ops, false, Disconnects)];
    for (what, tokens, disconnects, rows) in [
        ("one customer's", vec![live("acme", "k", 1)], vec![], &of_one[..]),
        ("a quarantined one too", vec![live("acme", "k", 1), odd], vec![], &of_one),
        ("shared", shared(TokenState::Active), vec![], &of_shared),
        ("shared, one in doubt", shared(TokenState::Unverified), vec![], &of_shared),
        (
            "a handle means its generation",
            vec![old("k1"), live("acme", "k2", 13)],
            ended(),
            &[("k1", acme, false, AlreadyDisconnected), ("k2", acme, false, Disconnects)],
        ),
        (
            "refused by itself",
            vec![old("k1"), live("acme", "k2", 3)],
            vec![],
            &[("k1", acme, false, Disconnects)],
        ),
        ("open", vec![fenced()], open(), &[("k", acme, false, Joins)]),
        ("proven, not finished", vec![proven, doubtful()], open(), &[("k", acme, false, Joins)]),
        (
            "open, and another customer's in doubt",
            vec![fenced(), doubtful()],
            open(),
            &[
                ("k", ops, false, SharedWithOthers),
                ("k", ops, true, Joins),
                ("k", acme, false, Joins),
                ("k2", Some("other"), false, Joins),
            ],
        ),
        (
            "superseded, and a newer one lives",
            vec![live("acme", "k2", 13), superseded()],
            ended(),
            &[("k1", acme, false, AlreadyDisconnected), ("k1", ops, false, AlreadyDisconnected)],
        ),
        (
            "superseded, and nothing lives",
            vec![token("acme", "k2", 13, 14, revoked()), superseded()],
            ended(),
            &[("k1", acme, false, AlreadyDisconnected), ("k1", ops, false, Disconnects)],
        ),
    ] {
        let connection = connection(tokens, disconnects);
        for (id, who, force, expected) in rows {
            let found = verdict(&connection, id, *who, *force);
            assert_eq!(found, *expected, "{what}: {id} of {who:?}, reason: {force}");
        }
    }
}

/// It ends what customers have given up; what another customer has in doubt meanwhile is not its matter.
#[test]
fn a_reconcilers_disconnect_is_shown_to_no_customer() {
    let left = token("acme", "k", 1, 2, TokenState::Fenced);
    let connection = connection(vec![left], vec![disconnect(Actor::Reconciler, 10, None)]);
    assert!(!connection.concerns(&connection.tokens[0], &customer("acme")));
}

#[test]
fn a_customers_plan_speaks_of_its_own_tokens_only() {
    let tokens = vec![
        token("acme", "k1", 1, 2, TokenState::Active),
        token("other", "k2", 3, 4, TokenState::Active),
    ];
    let shared = connection(tokens, vec![]);
    let subject = Subject::ConnectionId("k1".parse().expect("an id"));
    let acme = plan(&shared, &subject, Some(&customer("acme")), None, &digest);
    assert_eq!((acme.tokens, acme.connection_ids.len(), acme.shared), (1, 1, true));
    assert_eq!(acme.customers, [customer("acme")]);
    let everyone = plan(&shared, &subject, None, None, &digest);
    assert_eq!((everyone.tokens, everyone.connection_ids.len()), (2, 2));
    assert_eq!(everyone.customers.len(), 2);
}

/// I11: acme sees nothing of another customer that connects and disconnects.
#[test]
fn what_becomes_of_a_superseded_token_is_not_shown_to_its_customer() {
    use finch_core::{
        ConnectionView, Draft, Intent, TokenId,
        decide::{fence, finish, is_ending_for, why_no_token},
    };
    use finch_testkit::at;
    let (acme, other) = (customer("acme"), customer("other"));
    let mut seen = connection(
        vec![
            token("other", "k2", 13, 14, TokenState::Active),
            token("acme", "k1", 1, 20, TokenState::Superseded),
        ],
        vec![disconnect(operator(), 10, Some(12))],
    );
    let superseded = TokenId(finch_core::Seq(20));
    let shown = |seen: &Connection| {
        let own = seen.tokens.iter().filter(|t| t.customer.as_ref() == Some(&acme)).cloned();
        let own = Connection { tokens: own.collect(), ..seen.clone() };
        let ending = is_ending_for(&own, &"k1".parse().expect("an id"), &acme);
        let plan = verdict(seen, "k1", Some("acme"), false);
        (ConnectionView::of(&own, Some(&acme)), why_no_token(Some(&own), &acme), ending, plan)
    };
    let before = shown(&seen);
    let mut draft = Draft::of(seen);
    fence(&mut draft, Intent { by: Actor::Customer(other), reason: None, at: at(1) });
    seen = draft.connection().clone();
    assert_eq!(seen.token(superseded).map(|t| &t.state), Some(&TokenState::Fenced), "it ends too");
    assert_eq!(shown(&seen), before);
    for token in &mut seen.tokens {
        token.progress.refused = Some(refusal());
    }
    let open = seen.open_disconnect().map(|d| d.id).expect("an open disconnect");
    let mut draft = Draft::of(seen);
    finish(&mut draft, open, at(3));
    let ended = draft.connection();
    assert!(ended.tokens.iter().all(|t| t.state.is_revoked()));
    assert_eq!(shown(ended), before);
}

#[test]
fn a_join_fences_what_its_scope_reaches_and_is_written_down() {
    use finch_core::{Commit, DisconnectState, Draft, Intent, decide::fence};
    use finch_testkit::at;
    let tokens = vec![
        token("acme", "k1", 1, 2, TokenState::Fenced),
        token("acme", "k1", 11, 12, TokenState::Unverified),
        token("other", "k2", 13, 14, TokenState::Unverified),
    ];
    let acme = Actor::Customer(customer("acme"));
    let open = connection(tokens, vec![disconnect(acme.clone(), 10, None)]);
    let join = |by: Actor| {
        let mut draft = Draft::of(open.clone());
        fence(&mut draft, Intent { by, reason: Some("why".into()), at: at(1) });
        draft.finish().expect("a commit")
    };
    let own = join(acme);
    let fenced: Vec<_> = own.tokens.iter().map(|t| t.id.0.0).collect();
    assert_eq!(fenced, [12]);
    let all = join(operator());
    assert_eq!(all.tokens.len(), 2);
    let into = open.disconnects[0].id;
    let joined = all.disconnects.iter().find(|d| d.id != into).expect("the request that joins");
    assert_eq!((&joined.intent.by, joined.state), (&operator(), DisconnectState::Merged { into }));
    let readers =
        |commit: &Commit| commit.events.iter().map(|e| e.customer.clone()).collect::<Vec<_>>();
    assert_eq!(readers(&own), [Some(customer("acme")), Some(customer("acme"))]);
    assert_eq!(readers(&all), [None, Some(customer("acme")), Some(customer("other"))]);
}

/// The plan of acme's connection `k`, with the mark that acme would agree to.
fn acmes(connection: &Connection) -> finch_core::decide::Plan {
    plan(
        connection,
        &Subject::ConnectionId("k".parse().expect("an id")),
        Some(&customer("acme")),
        None,
        &digest,
    )
}

#[test]
fn what_was_agreed_to_is_the_same_tokens_and_the_same_fate() {
    let one = || vec![token("acme", "k", 1, 2, TokenState::Active)];
    let agreed = acmes(&connection(one(), vec![])).mark;
    assert_eq!(agreed.to_string().parse(), Ok(agreed));
    let mut moved = connection(one(), vec![]);
    moved.revision.0 += 7;
    assert!(acmes(&moved).keeps_to(agreed), "another revision says nothing to a customer");

    let second = [one(), vec![token("acme", "k", 3, 4, TokenState::Active)]].concat();
    assert!(!acmes(&connection(second, vec![])).keeps_to(agreed), "another token would stop");
    let shared = [one(), vec![token("other", "k", 3, 4, TokenState::Active)]].concat();
    assert!(!acmes(&connection(shared, vec![])).keeps_to(agreed), "it would only retire");
    let mut reduced = one();
    reduced[0].facts.products.pop();
    assert!(!acmes(&connection(reduced, vec![])).keeps_to(agreed), "it covers other products");
    let mut renewed = one();
    renewed[0].added_at = finch_testkit::at(99);
    assert!(!acmes(&connection(renewed, vec![])).keeps_to(agreed), "it is another token");
}

#[test]
fn who_agreed_to_an_end_agrees_to_one_that_is_under_way_or_over() {
    let agreed =
        acmes(&connection(vec![token("acme", "k", 1, 2, TokenState::Active)], vec![])).mark;
    let open = vec![disconnect(Actor::Customer(customer("acme")), 10, None)];
    let under_way = connection(vec![token("acme", "k", 1, 2, TokenState::Fenced)], open.clone());
    assert!(acmes(&under_way).keeps_to(agreed));
    let over = connection(vec![token("acme", "k", 1, 2, revoked())], vec![]);
    assert!(acmes(&over).keeps_to(agreed));
    let later = vec![
        token("acme", "k", 1, 2, TokenState::Fenced),
        token("acme", "k", 11, 12, TokenState::Unverified),
    ];
    assert!(
        !acmes(&connection(later, open)).keeps_to(agreed),
        "something came since that may work"
    );
}

#[test]
fn nothing_else_is_a_mark() {
    for text in
        ["", "0", "+123456789abcdef", "0123456789abcdefa", "g123456789abcdef", "é23456789abcde"]
    {
        assert!(text.parse::<finch_core::decide::PlanMark>().is_err(), "{text}");
    }
}

/// A disconnect that had ended is open again for a token that came late: what it had ended before has ended.
#[test]
fn what_a_disconnect_has_ended_stays_ended_where_it_goes_on_again() {
    let mut ended = token("acme", "k1", 1, 2, revoked());
    ended.progress.refused = Some(refusal());
    let late = token("acme", "k2", 3, 4, TokenState::Fenced);
    let newer = token("acme", "k3", 13, 14, TokenState::Unverified);
    let other = token("other", "k4", 15, 16, TokenState::Unverified);
    let open = vec![disconnect(operator(), 10, None)];
    let found = connection(vec![ended, late, newer, other], open);
    for who in [Some("acme"), None] {
        assert_eq!(verdict(&found, "k1", who, true), PlanVerdict::AlreadyDisconnected, "{who:?}");
    }
    assert_eq!(verdict(&found, "k3", Some("acme"), false), PlanVerdict::Retires);
}

/// In a customer's scope a connection is that customer's tokens and retirements.
#[test]
fn a_customer_sees_its_own_part_of_a_connection() {
    let tokens = vec![
        token("acme", "k1", 1, 2, TokenState::Active),
        token("other", "k2", 3, 4, TokenState::Retired),
    ];
    let mut whole = connection(tokens, vec![]);
    let seq = finch_core::Seq(5);
    let at = finch_testkit::at(0);
    whole.retirements.push(finch_core::Retirement { seq, customer: customer("other"), at });
    assert_eq!(whole.clone().seen_by(None), whole);
    let own = whole.clone().seen_by(Some(&customer("acme")));
    assert_eq!((own.tokens.as_slice(), own.retirements.len()), (&whole.tokens[..1], 0));
    let own = whole.clone().seen_by(Some(&customer("other")));
    assert_eq!((own.tokens.as_slice(), own.retirements.len()), (&whole.tokens[1..], 1));
}
