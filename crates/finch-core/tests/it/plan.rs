//! What a disconnect would hit.

use finch_core::{
    Actor, Commit, Connection, ConnectionView, DisconnectState, Draft, Event, EventKind,
    Retirement, Seq, TokenState,
    decide::{Plan, PlanVerdict, Subject, fence, finish, is_ending_for, plan, why_no_token},
};
use finch_testkit::{at, digest};

use crate::{
    by, changed, connection, customer, disconnect, id, intent, operator, refusal, revoked, token,
};

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
    let open = || vec![disconnect(by("acme"), 10, None)];
    let mut odd = token("other", "k", 3, 4, TokenState::Quarantined);
    odd.customer = None;
    let mut proven = fenced();
    proven.progress.refused = refusal();
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
    let acme = customer("acme");
    let mut seen = connection(
        vec![
            token("other", "k2", 13, 14, TokenState::Active),
            token("acme", "k1", 1, 20, TokenState::Superseded),
        ],
        vec![disconnect(operator(), 10, Some(12))],
    );
    let shown = |seen: &Connection| {
        let own = seen.clone().seen_by(Some(&acme));
        let ending = is_ending_for(&own, &"k1".parse().expect("an id"), &acme);
        let plan = verdict(seen, "k1", Some("acme"), false);
        (
            ConnectionView::of(&own, Some(&acme)),
            why_no_token(Some(&own), &acme).to_string(),
            ending,
            plan,
        )
    };
    let before = shown(&seen);
    seen = changed(&seen, |draft| fence(draft, intent(by("other"))));
    assert_eq!(seen.token(id(20)).map(|t| &t.state), Some(&TokenState::Fenced), "it ends too");
    assert_eq!(shown(&seen), before);
    seen.tokens.iter_mut().for_each(|token| token.progress.refused = refusal());
    let open = seen.open_disconnect().map(|d| d.id).expect("an open disconnect");
    let ended = changed(&seen, |draft| finish(draft, open, at(3)));
    assert!(ended.tokens.iter().all(|t| t.state.is_revoked()));
    assert_eq!(shown(&ended), before);
}

#[test]
fn a_join_fences_what_its_scope_reaches_and_is_written_down() {
    let tokens = vec![
        token("acme", "k1", 1, 2, TokenState::Fenced),
        token("acme", "k1", 11, 12, TokenState::Unverified),
        token("other", "k2", 13, 14, TokenState::Unverified),
    ];
    let open = connection(tokens, vec![disconnect(by("acme"), 10, None)]);
    let join = |by: Actor| {
        let mut draft = Draft::of(open.clone());
        fence(&mut draft, intent(by));
        draft.finish().expect("a commit")
    };
    let own = join(by("acme"));
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
fn acmes(connection: &Connection) -> Plan {
    let subject = Subject::ConnectionId("k".parse().expect("an id"));
    plan(connection, &subject, Some(&customer("acme")), None, &digest)
}

#[test]
fn what_was_agreed_to_is_the_same_tokens_and_the_same_fate() {
    let one = || token("acme", "k", 1, 2, TokenState::Active);
    let agreed = acmes(&connection(vec![one()], vec![])).mark;
    assert_eq!(agreed, agreed.to_string().as_str().into());
    let mut moved = connection(vec![one()], vec![]);
    moved.revision.0 += 7;
    let (mut reduced, mut renewed) = (one(), one());
    reduced.facts.products.pop();
    renewed.added_at = at(99);
    let fenced = || token("acme", "k", 1, 2, TokenState::Fenced);
    let later = token("acme", "k", 11, 12, TokenState::Unverified);
    let open = || vec![disconnect(by("acme"), 10, None)];
    let with = |other: &str| vec![one(), token(other, "k", 3, 4, TokenState::Active)];
    for (what, now, keeps) in [
        ("another revision says nothing to a customer", moved, true),
        ("another token would stop", connection(with("acme"), vec![]), false),
        ("it would only retire", connection(with("other"), vec![]), false),
        ("it covers other products", connection(vec![reduced], vec![]), false),
        ("it is another token", connection(vec![renewed], vec![]), false),
        ("the end is under way", connection(vec![fenced()], open()), true),
        ("it is over", connection(vec![token("acme", "k", 1, 2, revoked())], vec![]), true),
        ("something came since that may work", connection(vec![fenced(), later], open()), false),
    ] {
        assert_eq!(acmes(&now).keeps_to(&agreed), keeps, "{what}");
    }
}

/// A disconnect that had ended is open again for a token that came late: what it had ended before has ended.
#[test]
fn what_a_disconnect_has_ended_stays_ended_where_it_goes_on_again() {
    let mut ended = token("acme", "k1", 1, 2, revoked());
    ended.progress.refused = refusal();
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
    whole.retirements.push(Retirement { seq: Seq(5), customer: customer("other"), at: at(0) });
    assert_eq!(whole.clone().seen_by(None), whole);
    let own = whole.clone().seen_by(Some(&customer("acme")));
    assert_eq!((own.tokens.as_slice(), own.retirements.len()), (&whole.tokens[..1], 0));
    let own = whole.clone().seen_by(Some(&customer("other")));
    assert_eq!((own.tokens.as_slice(), own.retirements.len()), (&whole.tokens[1..], 1));
}

/// I11: an operator's or the reconciler's disconnect is shown to customers whose tokens live, and to no other.
#[test]
fn what_customers_left_behind_ends_without_their_seeing_it() {
    let left = token("acme", "k1", 1, 2, TokenState::Retired);
    let used = token("other", "k2", 3, 4, TokenState::Active);
    for (by, tokens, shown_to) in [
        (Actor::Reconciler, vec![left.clone()], vec![]),
        (operator(), vec![left, used], vec![customer("other")]),
    ] {
        let count = tokens.len();
        let mut draft = Draft::of(connection(tokens, vec![]));
        fence(&mut draft, intent(by));
        let events = draft.finish().expect("a fence").events;
        let fenced = |event: &Event| match event.kind {
            EventKind::Fenced { tokens } => tokens,
            _ => 0,
        };
        assert_eq!(events.iter().map(fenced).sum::<usize>(), count);
        let seen: Vec<_> = events.iter().filter_map(|event| event.customer.clone()).collect();
        assert_eq!(seen, shown_to);
    }
}
