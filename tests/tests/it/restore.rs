//! A backup is taken at every point of a history, and restored after its end: nothing that a disconnect
//! needs is lost, nothing dead comes back, and Finch's word settles what is in doubt.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use finch_app::Pass;
use finch_core::{
    AccessToken, Connection, ConnectionFilter, TokenId, TokenState, TokenStore, decide,
};
use finch_sqlite::{SqliteOptions, restore};
use finch_testkit::{Reach, application};
use finch_tests::{Step, World, cases_of, folder, open_finch, operator, secret, sqlite, steps};
use proptest::prelude::*;

async fn everything(store: &dyn TokenStore) -> Vec<Connection> {
    finch_testkit::connections(store, None).await.unwrap()
}

/// What a backup must bring back: each token's state, and its secret if there is one.
type Kept = BTreeMap<TokenId, (TokenState, Option<String>)>;

async fn kept(store: &dyn TokenStore) -> Kept {
    let mut kept = Kept::new();
    for token in everything(store).await.iter().flat_map(|c| &c.tokens) {
        let secret = secret(store, token).await.map(|s| s.expose().to_owned());
        kept.insert(token.id, (token.state.clone(), secret));
    }
    kept
}

async fn at_every_point(history: &[Step], reach: Reach) -> Result<(), TestCaseError> {
    let folder = folder();
    let folder = folder.path().canonicalize().unwrap();
    let store = sqlite(&folder.join("was.db"), application());
    let world = World::new(reach, store.clone()).await;
    let mut backups = Vec::new();
    for (n, step) in history.iter().enumerate() {
        world.step(*step).await;
        let backup = folder.join(format!("backup-{n}"));
        store.backup(&backup, |_, _| {}).await.unwrap();
        backups.push((backup, kept(&*store).await));
    }
    for (n, (backup, was)) in backups.iter().enumerate() {
        let new = folder.join(format!("new-{n}.db"));
        let options = SqliteOptions::new(&new, application());
        let restoring = restore(backup, &options, |_, _| {}).unwrap();
        let restored = Arc::new(restoring.store().unwrap());
        let app = open_finch(world.finch.clone(), restored, world.system.clone()).await;
        let in_doubt = app.doubt_all(&operator()).await.unwrap();
        drop(app);
        restoring.finish().unwrap();
        let store: Arc<dyn TokenStore> = sqlite(&new, application());

        // What was kept is kept, and nothing is handed out.
        let is = kept(&*store).await;
        let (mut expected, mut active) = (was.clone(), 0);
        for (state, _) in expected.values_mut().filter(|(state, _)| *state == TokenState::Active) {
            *state = TokenState::Unverified;
            active += 1;
        }
        prop_assert_eq!((&is, in_doubt), (&expected, active));
        let due: Vec<_> = everything(&*store).await;
        let due = due.iter().filter(|c| decide::agenda(c).due.is_some()).map(|c| c.key);
        prop_assert_eq!(
            store.connections(&ConnectionFilter::Due(None), None, 1000).await.unwrap(),
            due.collect::<Vec<_>>()
        );

        // Finch, as it is by now, settles everything.
        let finch = Arc::new(world.finch.copy());
        let app = open_finch(finch.clone(), store.clone(), world.system.clone()).await;
        for _ in 0..4 {
            world.system.pass(Duration::from_secs(3600));
            app.reconcile(&operator(), Pass::Everything).await.unwrap();
        }
        let settled = kept(&*store).await;
        for (id, (state, secret)) in &is {
            let (now, left) = &settled[id];
            let accepted =
                secret.as_ref().is_some_and(|secret| finch.accepts(&AccessToken::new(&**secret)));
            match (state, now) {
                (TokenState::Revoked { .. }, _) => prop_assert_eq!(state, now, "dead is dead"),
                (_, TokenState::Revoked { .. }) => prop_assert!(!accepted && left.is_none()),
                (TokenState::Unverified, _) => {
                    prop_assert_eq!((now, accepted), (&TokenState::Active, true))
                }
                (TokenState::Fenced, _) => {
                    prop_assert!(false, "a disconnect does not end: {:?}", now)
                }
                _ => prop_assert_eq!((state, secret), (now, left)),
            }
        }
        let open = everything(&*store).await.iter().any(|c| c.open_disconnect().is_some());
        prop_assert!(!open, "every open disconnect has ended");
    }
    Ok(())
}

fn run(history: &[Step], reach: Reach) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(at_every_point(history, reach))
}

proptest! {
    #![proptest_config(cases_of(100))]
    #[test]
    fn a_store_is_restored_at_every_point_of_a_run(history in steps(8), pair in any::<bool>()) {
        run(&history, if pair { Reach::Pair } else { Reach::Connection })?;
    }
}

/// Every way in which the present can differ from the backup, each met for certain.
#[test]
fn a_store_is_restored_at_every_point_of_a_full_life() {
    let connect = |customer, company| Step::Connect([customer, 0, company, 0]);
    let history = [
        connect(0, 0),
        connect(1, 0),
        connect(0, 1),
        Step::Disconnect(0, 0),
        Step::FailNext(5),
        Step::Disconnect(0, 1),
        Step::Wait,
        Step::Reconcile,
        connect(0, 1),
        Step::DisconnectForEveryone(0),
        Step::EndFromDashboard(1),
        connect(2, 2),
    ];
    for reach in [Reach::Pair, Reach::Connection] {
        run(&history, reach).unwrap();
    }
}
