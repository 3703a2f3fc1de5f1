//! What a customer does while something breaks, and what must be true then and later.

use finch_app::{CompleteConnectError, DisconnectOutcome, Unauthorized};
use finch_core::{AccessToken, ConnectionId, TokenState};
use finch_emulator::{Fault, FaultKind};
use finch_testkit::Figures;

use super::net::{Net, Person};

/// An exchange: a code goes out once, and no token is lost.
pub(super) async fn exchange(net: &mut Net, fault: &Fault, figures: &mut Figures) -> Person {
    let (person, what) = (net.person().await, format!("{fault:?}"));
    let (state, code) = net.log_in(&person.scope, person.login()).await;
    let sent = || net.emulator.state().calls["POST /auth/token"];
    let before = sent();
    let finch = net.breaks(fault);
    let first = finch.complete_connect(&person.scope, state.clone(), code.clone()).await;
    net.emulator.clear_faults();
    let issued = net.issued(&person);
    assert!(issued.len() <= 1, "{what}");
    match (&first, issued.first()) {
        (Ok(connected), Some(token)) => {
            assert_eq!(connected.token_state, TokenState::Active, "{what}");
            let usable = net.usable(&person, &connected.connection_id).await;
            assert_eq!(usable.as_ref(), Some(&token.secret), "{what}");
            figures.hit("exchanged");
        }
        (Err(CompleteConnectError::Unknown(_)), issued) => {
            assert_eq!(net.possible_orphans(&person).await, 1, "{what}");
            figures.hit(match issued {
                Some(_) => "lost_with_a_token",
                None => "lost_without_a_token",
            });
        }
        (done, issued) => panic!("{what}: {done:?}, and Finch issued {issued:?}"),
    }
    net.assert_nothing_wiped_that_lives(&person, &what).await;
    // The same callback again sends nothing, and says the same.
    let again = net.finch.complete_connect(&person.scope, state, code).await;
    match (&first, &again) {
        (Ok(first), Ok(again)) => assert_eq!(first, again, "{what}"),
        (Err(_), Err(CompleteConnectError::Unknown(_))) => {}
        _ => panic!("{what}: {first:?}, then {again:?}"),
    }
    assert_eq!(sent() - before, 1, "{what}: a code went out twice");
    person
}

/// The way out that the list of orphans tells: connect again, and disconnect.
pub(super) async fn assert_recovers(net: &Net, person: &Person, what: &Fault) {
    let id = net.connect(person).await;
    let outcome = net.finch.disconnect(&person.scope, id).await.unwrap();
    assert!(matches!(outcome, DisconnectOutcome::Disconnected { .. }), "{what:?}: {outcome:?}");
    assert_eq!(net.alive(person), 0, "{what:?}");
    if net.issued(person).len() == 2 {
        assert_eq!(net.possible_orphans(person).await, 0, "{what:?}");
    }
}

/// A disconnect: nothing is wiped that lives, and everything ends.
pub(super) async fn disconnect(
    net: &Net,
    person: &Person,
    id: &ConnectionId,
    fault: &Fault,
    figures: &mut Figures,
) {
    let what = format!("{fault:?}");
    let outcome = net.breaks(fault).disconnect(&person.scope, id.clone()).await.unwrap();
    net.emulator.clear_faults();
    check_outcome(net, person, id, &outcome, &what, figures).await;
    let passes = if matches!(fault.kind, FaultKind::Cut { .. }) { 3 } else { 50 };
    net.assert_ends(person, passes, &what).await;
    let again = net.finch.disconnect(&person.scope, id.clone()).await.unwrap();
    assert_eq!(again, DisconnectOutcome::AlreadyDisconnected, "{what}");
}

pub(super) async fn check_outcome(
    net: &Net,
    person: &Person,
    id: &ConnectionId,
    outcome: &DisconnectOutcome,
    what: &str,
    figures: &mut Figures,
) {
    assert_eq!(net.usable(person, id).await, None, "{what}: a fenced token is handed out");
    match outcome {
        DisconnectOutcome::Disconnected { .. } => {
            assert_eq!(net.alive(person), 0, "{what}");
            figures.hit("disconnected_at_once");
        }
        DisconnectOutcome::Pending { unproven, .. } => {
            let kept = net.kept(person).await;
            let is_kept = kept.iter().all(|(_, secret)| secret.is_some());
            assert!(is_kept && *unproven > 0, "{what}");
            figures.hit(match net.alive(person) {
                0 => "pending_and_dead",
                _ => "pending_and_alive",
            });
        }
        outcome => panic!("{what}: {outcome:?}"),
    }
    net.assert_nothing_wiped_that_lives(person, what).await;
}

/// A question about a live token: it proves nothing, and nothing is revoked.
pub(super) async fn question(
    net: &Net,
    person: &Person,
    id: &ConnectionId,
    fault: &Fault,
    figures: &mut Figures,
) {
    let secret = net.usable(person, id).await.expect("a live token");
    let token = AccessToken::new(&*secret);
    let found = net.breaks(fault).report_unauthorized(&person.scope, &token).await.unwrap();
    net.emulator.clear_faults();
    figures.hit(match found {
        Unauthorized::StillAccepted => "still_accepted",
        Unauthorized::NothingProven { .. } => "nothing_proven",
        found => panic!("{fault:?}: {found:?}"),
    });
    assert_eq!(net.usable(person, id).await, Some(secret), "{fault:?}");
}
