//! Two connections that prove to be one (R4).

use finch_core::{
    Connection, ConnectionKey, Disconnect, DisconnectId, DisconnectState, Draft, Found, Progress,
    Retirement, Revision, Seq, Token, TokenId, TokenState,
};
use finch_testkit::at;

use crate::{by, connection, customer, disconnect, id, operator, refusal, token};

/// A provisional connection with these tokens and disconnects.
fn provisional(tokens: Vec<Token>, disconnects: Vec<Disconnect>) -> Connection {
    let mut provisional = connection(tokens, disconnects);
    provisional.key = ConnectionKey(Seq(2));
    provisional.company = None;
    provisional.tokens.iter_mut().for_each(|t| t.facts.company_id = None);
    provisional
}

/// What comes of it when a token under `k1` names the employer.
fn arrives(pair: Connection, nameless: Connection) -> Draft {
    let found = Found { by_pair: Some(pair), by_connection_id: Some(nameless), ..Found::default() };
    let draft = crate::arrives(found);
    assert!(draft.clone().finish().expect("a commit").absorbs.is_some());
    draft
}

/// The state of each token that was there before, and the disconnects, after the merge.
fn merged(pair: Connection, nameless: Connection) -> (Vec<(u64, TokenState)>, Vec<Disconnect>) {
    let one = arrives(pair, nameless).connection().clone();
    let before = one.tokens.iter().filter(|t| t.id != TokenId(Seq::OF_COMMIT));
    (before.map(|t| (t.id.0.0, t.state.clone())).collect(), one.disconnects)
}

#[test]
fn tokens_that_an_open_disconnect_covers_come_under_it() {
    for pair_is_open in [true, false] {
        let open = vec![disconnect(operator(), 10, None)];
        let (of_pair, of_nameless) = if pair_is_open { (open, vec![]) } else { (vec![], open) };
        let state = |is_open| if is_open { TokenState::Fenced } else { TokenState::Active };
        let pair = connection(vec![token("acme", "k2", 1, 2, state(pair_is_open))], of_pair);
        let nameless =
            provisional(vec![token("acme", "k1", 3, 4, state(!pair_is_open))], of_nameless);
        let (states, _) = merged(pair, nameless);
        assert_eq!(states, [(2, TokenState::Fenced), (4, TokenState::Fenced)]);
    }
}

#[test]
fn a_token_that_came_after_the_open_disconnect_began_is_in_doubt() {
    let pair = connection(vec![], vec![disconnect(operator(), 10, None)]);
    let nameless = provisional(vec![token("acme", "k1", 11, 12, TokenState::Active)], vec![]);
    assert_eq!(merged(pair, nameless).0, [(12, TokenState::Unverified)]);
}

#[test]
fn of_two_open_disconnects_the_older_goes_on() {
    for (of_pair, of_nameless) in [(10, 20), (20, 10)] {
        let pair = connection(
            vec![token("acme", "k2", 1, 2, TokenState::Fenced)],
            vec![disconnect(by("acme"), of_pair, None)],
        );
        let nameless = provisional(
            vec![token("acme", "k1", 3, 4, TokenState::Fenced)],
            vec![disconnect(by("acme"), of_nameless, None)],
        );
        let into = DisconnectId(Seq(10));
        let states = merged(pair, nameless).1.into_iter().map(|d| (d.id.0.0, d.state));
        let expected = [(10, DisconnectState::Open), (20, DisconnectState::Merged { into })];
        assert_eq!(states.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_disconnect_that_had_ended_goes_on_for_what_it_covers() {
    let old = disconnect(operator(), 10, Some(12));
    let pair = connection(vec![], vec![old.clone()]);
    let nameless = provisional(vec![token("acme", "k1", 3, 4, TokenState::Active)], vec![]);
    let (states, disconnects) = merged(pair, nameless);
    assert_eq!(states, [(4, TokenState::Fenced)]);
    assert_eq!(disconnects, [Disconnect { state: DisconnectState::Open, ..old }]);
}

#[test]
fn a_fence_by_merging_waits_for_nothing() {
    let pair = connection(vec![], vec![disconnect(operator(), 10, None)]);
    let mut waiting = token("acme", "k1", 3, 4, TokenState::Active);
    waiting.progress.next_try = Some(at(3600));
    let nameless = provisional(vec![waiting], vec![]);
    let draft = arrives(pair, nameless);
    let fenced = draft.connection().token(id(4)).expect("the waiting one");
    assert_eq!(fenced.progress, Progress::default());
}

/// What one customer gave up in either connection stays given up.
#[test]
fn a_retirement_of_the_other_side_holds() {
    let retirement = || Retirement { seq: Seq(10), customer: customer("acme"), at: at(0) };
    for of_pair in [true, false] {
        let active = |name, began| vec![token("acme", name, began, began + 1, TokenState::Active)];
        let mut pair = connection(if of_pair { vec![] } else { active("k2", 3) }, vec![]);
        let mut nameless = provisional(if of_pair { active("k1", 3) } else { vec![] }, vec![]);
        let retired = if of_pair { &mut pair } else { &mut nameless };
        retired.retirements.push(retirement());
        assert_eq!(merged(pair, nameless).0, [(4, TokenState::Retired)], "{of_pair}");
    }
}

/// If either has moved since, the merge is decided again.
#[test]
fn a_merge_names_the_revision_of_both_connections() {
    let (mut pair, mut nameless) = (connection(vec![], vec![]), provisional(vec![], vec![]));
    (pair.revision, nameless.revision) = (Revision(3), Revision(7));
    let mut seen = arrives(pair, nameless).finish().expect("a commit").seen;
    seen.sort();
    assert_eq!(seen, [(ConnectionKey(Seq(1)), Revision(3)), (ConnectionKey(Seq(2)), Revision(7))]);
}

/// The lease of the absorbed connection, by which another host would have noticed, is gone.
#[test]
fn what_the_absorbed_connection_has_sent_may_take_effect() {
    let pair = connection(vec![token("acme", "k2", 1, 2, TokenState::Active)], vec![]);
    let mut proven = token("acme", "k1", 3, 4, TokenState::Fenced);
    proven.progress.refused = refusal();
    let mut unproven = token("acme", "k1", 5, 6, TokenState::Fenced);
    unproven.progress.sending = Some(Seq(20));
    let nameless = provisional(vec![proven, unproven], vec![disconnect(operator(), 10, None)]);
    let one = arrives(pair, nameless).connection().clone();
    let ambiguous = one.tokens.iter().filter(|t| t.progress.ambiguous_at == Some(at(9)));
    assert_eq!(ambiguous.map(|t| t.id).collect::<Vec<_>>(), [id(6)]);
}
