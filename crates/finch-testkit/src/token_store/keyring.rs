//! The cases about the key ring and what it has sealed.

use super::{
    events,
    listing::read_pages,
    pieces::{StoreFixture, by_id, loaded, stored},
};
use crate::{at, facts, fingerprint, grant, opened, sealed, store_token, unchanged};
use finch_core::{
    Actor, Commit, ConnectionFilter, Event, EventId, EventKind, Hash, Keyring, RecordHead, SealedAs, SecretRow,
    StoreError, TokenStore,
};

fn keyring(version: u64, oldest: u32) -> Keyring {
    let record = RecordHead { events: version, hash: Hash([7; 32]) };
    Keyring { version, document: format!("ring {version}").into_bytes(), oldest, record }
}

async fn replace(store: &dyn TokenStore, keyring: Keyring) -> Result<(), StoreError> {
    store.commit(Commit { keyring: Some(keyring), ..Commit::default() }).await.map(drop)
}

/// A key ring is replaced whole, by the process that has seen the present one, together with its event.
pub async fn a_key_ring_is_replaced_by_version(fixture: &mut dyn StoreFixture) {
    assert_eq!(fixture.store().await.keyring().await.unwrap(), None);
    replace(&*fixture.store().await, keyring(1, 1)).await.unwrap();
    assert_eq!(fixture.store().await.keyring().await.unwrap(), Some(keyring(1, 1)));
    for version in [1, 3] {
        let error = replace(&*fixture.store().await, keyring(version, 1)).await.unwrap_err();
        assert!(matches!(error, StoreError::Moved), "{error:?}");
    }
    let by = Actor::Operator("ops".parse().unwrap());
    let kind = EventKind::RotationBegan { epoch: 2 };
    let event = Event { at: at(3), by, connection_id: None, customer: None, kind };
    let (keyring_2, events) = (Some(keyring(2, 1)), vec![event.clone()]);
    let commit = Commit { keyring: keyring_2, events, ..Commit::default() };
    let number = fixture.store().await.commit(commit).await.unwrap();
    let store = fixture.store().await;
    assert_eq!(store.keyring().await.unwrap(), Some(keyring(2, 1)));
    let recorded = store.events(&events::of(None, None)).await.unwrap();
    let [recorded] = recorded.try_into().unwrap();
    assert_eq!(recorded.id, EventId { commit: number, place: 0 });
    assert_eq!((recorded.connection, recorded.event), (None, event));
}

/// A store that holds something takes no first key ring: what is sealed in it could not be opened any more.
pub async fn a_store_in_use_takes_no_first_key_ring(fixture: &mut dyn StoreFixture) {
    stored(fixture, "t1").await;
    let error = replace(&*fixture.store().await, keyring(1, 1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

/// Old data keys go when no secret names them, and no secret is kept that names one which has gone.
pub async fn data_keys_in_use_are_kept(fixture: &mut dyn StoreFixture) {
    replace(&*fixture.store().await, keyring(1, 1)).await.unwrap();
    let token =
        stored(fixture, "t1").await;
    let error = replace(&*fixture.store().await, keyring(2, 2)).await.unwrap_err();
    assert!(matches!(error, StoreError::OldEpoch), "{error:?}");
    let seal = async |store: &dyn TokenStore, epoch| {
        let mut commit = unchanged(&by_id(store, "k").await);
        commit.secrets =
            vec![SecretRow { token, sealed: Some(sealed("t1", SealedAs::Usable, epoch)) }];
        store.commit(commit).await
    };
    seal(&*fixture.store().await, 2).await.unwrap();
    replace(&*fixture.store().await, keyring(2, 2)).await.unwrap();
    let before = loaded(fixture).await;
    let error = seal(&*fixture.store().await, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::OldEpoch), "{error:?}");
    let store = fixture.store().await;
    assert_eq!(by_id(&*store, "k").await, before);
    assert_eq!(store.sealed(token).await.unwrap(), Some(sealed("t1", SealedAs::Usable, 2)));
}

/// A secret is replaced by the one that a commit gives, whatever its length; another one stays.
pub async fn a_secret_is_sealed_again(fixture: &mut dyn StoreFixture) {
    let token =
        stored(fixture, "t1").await;
    let other =
        stored(fixture, "t2").await;
    for again in ["t1", "a longer one", "t"] {
        let mut commit = unchanged(&loaded(fixture).await);
        commit.secrets = vec![SecretRow { token, sealed: Some(sealed(again, SealedAs::Held, 3)) }];
        fixture.store().await.commit(commit).await.unwrap();
        let store = fixture.store().await;
        assert_eq!(store.sealed(token).await.unwrap(), Some(sealed(again, SealedAs::Held, 3)));
        assert_eq!(
            opened(&store.sealed(other).await.unwrap().unwrap()),
            ("t2".into(), SealedAs::Usable)
        );
        assert_eq!(by_id(&*store, "k").await.token(token).unwrap().fingerprint, fingerprint("t1"));
    }
}

/// Connections with a secret of an older data key are found, in pages; wiped secrets have none.
pub async fn secrets_of_older_keys_are_found(fixture: &mut dyn StoreFixture) {
    for n in 0..5 {
        let company = format!("c{n}");
        let what = facts(&format!("k{n}"), "gusto", &company);
        store_token(&*fixture.store().await, "acme", grant(&format!("t{n}"), what)).await;
    }
    let store = fixture.store().await;
    let newest = by_id(&*store, "k2").await;
    let mut commit = unchanged(&newest);
    let token = newest.tokens[0].id;
    commit.secrets = vec![SecretRow { token, sealed: Some(sealed("t2", SealedAs::Usable, 2)) }];
    store.commit(commit).await.unwrap();
    for (epoch, count) in [(1, 0), (2, 4), (3, 5)] {
        read_pages("sealed_before", count, async |after, limit| {
            store.connections(&ConnectionFilter::SealedBefore(epoch), after, limit).await.unwrap()
        })
        .await;
    }
}

/// The head of a connection's record is kept with its events, which stay under its key when it is absorbed.
pub async fn the_head_of_a_record_is_kept(fixture: &mut dyn StoreFixture) {
    store_token(&*fixture.store().await, "acme", grant("t1", facts("k", "gusto", ""))).await;
    let seen = loaded(fixture).await;
    let mut commit = unchanged(&seen);
    let head = RecordHead { events: 9, hash: Hash([9; 32]) };
    commit.connection.as_mut().unwrap().record = head;
    fixture.store().await.commit(commit).await.unwrap();
    assert_eq!(loaded(fixture).await.record, head);
    store_token(&*fixture.store().await, "acme", grant("t2", facts("k2", "gusto", "c"))).await;
    stored(fixture, "t3").await;
    let store = fixture.store().await;
    let of_absorbed = store.events(&events::of(None, None)).await.unwrap();
    let of_absorbed = of_absorbed.iter().filter(|row| row.connection == Some(seen.key));
    assert_eq!(of_absorbed.count(), 2);
}
