//! What must hold after every move.

use finch_core::{AccessToken, Evidence, Query, SealedToken, TokenState, Wanted};
use finch_seal::Domain;
use finch_tests::{customer, fingerprint, operator};

use super::{
    expected::Expected,
    model::{Model, State},
    system::{System, is},
};

/// Compares everything that can be seen with the model.
pub(crate) async fn check(system: &System, model: &Model) {
    let issued = system.finch.fake.issued();
    assert_eq!(issued.len(), model.tokens.len(), "tokens that Finch issued");
    for (secret, token) in issued.iter().zip(&model.tokens) {
        assert_eq!(system.finch.fake.accepts(secret), token.alive, "Finch's truth of {token:?}");
    }
    held(system, model, &issued).await;
    assert_eq!(model.forgotten(), [0; 0], "billed, and nobody knows");
    let mut fingerprints = Vec::new();
    for secret in &issued {
        let store = &*system.store;
        fingerprints.push(fingerprint(store, Domain::Token, secret.expose()).await);
    }
    for who in 0..3 {
        for name in model.names() {
            let (scope, id) = (customer(who), system.finch.name(name));
            let found =
                system.store.usable_token(scope.id(), &id, &Wanted::default()).await.unwrap();
            let number =
                |t: SealedToken| fingerprints.iter().position(|token| *token == t.fingerprint);
            let expected = match model.usable(who, name, true) {
                Expected::Token(token) => Some(token),
                _ => None,
            };
            assert_eq!(found.and_then(number), expected, "customer {who} uses {name}");
        }
    }
    // The rest in turn: each costs a walk through the store.
    let who = u8::try_from(model.tick % 3).expect("a customer");
    for name in model.names() {
        let seen = system.usable(who, name, true, model).await;
        assert_eq!(seen, model.usable(who, name, true), "customer {who} uses {name}");
    }
    let scope = match model.tick % 4 {
        3 => None,
        _ => Some(who),
    };
    let lost = match scope {
        Some(who) => system.app.possible_orphans(&customer(who), None, 1000).await.unwrap(),
        None => system.app.possible_orphans(&operator(), None, 1000).await.unwrap(),
    };
    // The model takes one off the list at once; the application waits until it can take effect no more.
    let (listed, at_least) = (lost.len(), model.lost(scope).len());
    assert!(listed >= at_least, "lost exchanges of {scope:?}: {listed} of {at_least}");
}

/// Every record is where and what the model says, with a secret as long as it is not over; and what is
/// over on Finch's word is over at Finch.
async fn held(system: &System, model: &Model, issued: &[AccessToken]) {
    let query = Query { customer: None, connection: None, after: None, limit: 1000 };
    let connections = system.store.connections(&query).await.unwrap();
    let groups: Vec<usize> =
        (0..model.groups.len()).filter(|g| !model.groups[*g].absorbed).collect();
    assert_eq!(connections.len(), groups.len(), "connections");
    for (connection, group) in connections.iter().zip(groups) {
        let members = model.members(group);
        let kept = &model.groups[group];
        assert_eq!(connection.provider.as_str(), format!("provider-{}", kept.provider));
        let company = kept.company.map(|company| format!("company-{company}"));
        assert_eq!(connection.company.as_ref().map(|c| c.as_str().to_owned()), company);
        assert_eq!(connection.open_disconnect().is_some(), kept.open().is_some());
        assert_eq!(connection.generation(), kept.generation(u32::MAX), "generations");
        assert_eq!(connection.tokens.len(), members.len(), "tokens of a connection");
        for (token, which) in connection.tokens.iter().zip(members) {
            let ours = model.ours(which);
            let owner = ours.customer.map(|who| customer(who).id().clone());
            assert_eq!((is(&token.state), &token.customer), (ours.state, &owner), "token {which}");
            if let TokenState::Revoked { evidence, .. } = &token.state {
                let vouched = matches!(evidence, Evidence::ClosedByOperator { .. });
                assert_eq!(vouched, ours.vouched, "evidence of token {which}");
                assert!(vouched || !model.tokens[which].alive, "wiped, and alive at Finch");
            }
            let secret = finch_tests::secret(&*system.store, token).await;
            assert_eq!(secret.is_some(), ours.state != State::Dead, "secret of token {which}");
            if let Some(secret) = secret {
                assert_eq!(secret.expose(), issued[which].expose());
            }
        }
    }
}
