//! Store files as earlier releases left them: they open, and nothing in them is lost.
//!
//! Each was made by the `finch` of its time, against the emulator (`--seed 7`), with the same calls: acme
//! and beta connect company C, acme connects and disconnects D, gamma and delta connect E and delta's
//! access ends, acme's disconnect of F stands still at a 403. From version 3 on the keys were rotated
//! before F; from version 4 on three webhooks were kept, one of which is done.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

use finch_core::{
    Application, Awaits, Connection, ConnectionId, ConnectionView, CustomerId, EventQuery,
    Happening, Origin, Query, TokenStore, Wanted,
};
use finch_seal::Kek;
use finch_sqlite::{SqliteOptions, SqliteTokenStore, What, restore};

use crate::support::Home;

struct Vector {
    file: &'static [u8],
    port: u16,
    /// How many events there are, and how many of them are from before events were chained.
    events: (u64, u64),
    epoch: u32,
    /// Whether webhooks were kept.
    webhooks: bool,
}

const VERSION_2: Vector = Vector {
    file: include_bytes!("../vectors/store-v2.db"),
    port: 47001,
    events: (12, 12),
    epoch: 1,
    webhooks: false,
};

const VERSION_3: Vector = Vector {
    file: include_bytes!("../vectors/store-v3.db"),
    port: 47002,
    events: (23, 0),
    epoch: 2,
    webhooks: false,
};

const VERSION_4: Vector = Vector {
    file: include_bytes!("../vectors/store-v4.db"),
    port: 47003,
    events: (23, 0),
    epoch: 2,
    webhooks: true,
};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// Ids and tokens are the emulator's, by its seed.
const ACME: (&str, &str) =
    ("2b47e886-28fe-59ca-9d5e-199cbc41386d", "23e4fc53-a9d0-597d-be52-d0942128853c");
const GAMMA: (&str, &str) =
    ("60493a93-22e8-546f-8cdf-0ce78c5cc375", "b57ee4b9-dfc4-5fb5-8fb2-b3f870f338ef");

fn options(home: &Home, vector: &Vector) -> SqliteOptions {
    let application = Application {
        client_id: "11111111-2222-3333-4444-555555555555".parse().unwrap(),
        origin: Origin::new(&format!("http://127.0.0.1:{}", vector.port)).unwrap(),
    };
    let key = Arc::new(Kek::parse(KEY).unwrap());
    SqliteOptions::new(&home.path, application, key)
}

fn open(home: &Home, vector: &Vector) -> SqliteTokenStore {
    SqliteTokenStore::open(options(home, vector)).unwrap()
}

fn summary(connection: &Connection) -> (String, Vec<&'static str>) {
    let view = ConnectionView::of(connection, None);
    let states = connection.tokens.iter().map(|token| token.state.name()).collect();
    (format!("{:?}", view.state), states)
}

async fn holds(vector: Vector) {
    let home = Home::new();
    fs::write(&home.path, vector.file).unwrap();
    fs::set_permissions(&home.path, fs::Permissions::from_mode(0o600)).unwrap();
    let store = open(&home, &vector);
    let all = Query { customer: None, connection: None, after: None, limit: 99 };
    let connections = store.connections(&all).await.unwrap();
    assert_eq!(
        connections.iter().map(summary).collect::<Vec<_>>(),
        [
            ("Connected".into(), vec!["active", "active"]),
            ("Disconnected".into(), vec!["revoked"]),
            ("Connected".into(), vec!["active", "retired"]),
            ("Disconnecting".into(), vec!["fenced"]),
        ]
    );
    for ((id, secret), customer) in [(ACME, "acme"), (GAMMA, "gamma")] {
        let (customer, id) = (CustomerId::new(customer).unwrap(), ConnectionId::new(id).unwrap());
        let token = store.usable_token(&customer, &id, &Wanted::default()).await.unwrap().unwrap();
        assert_eq!(token.secret.expose(), secret);
    }
    let found = store.verify(What::Everything, |_, _| {}).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
    assert_eq!(found.secrets, 5);
    let record = found.record.unwrap();
    assert_eq!((record.events, record.unchained), vector.events);
    let status = store.key_status().await.unwrap();
    assert_eq!(status.data_keys.iter().map(|key| key.epoch).collect::<Vec<_>>(), [vector.epoch]);
    let (customer, limit) = (None, 99);
    let everything = EventQuery { customer, connection: None, since: None, after: None, limit };
    let acme = ConnectionId::new(ACME.0).unwrap();
    let of_acme = EventQuery { connection: Some(&acme), ..everything };
    let events = store.events(&of_acme).await.unwrap();
    let added = |what: &Happening| matches!(what, Happening::TokenAdded { .. });
    assert_eq!(events.iter().filter(|(_, event)| added(&event.what)).count(), 2, "{events:?}");
    let since = EventQuery { since: Some(events[0].1.at), ..everything };
    assert_eq!(store.events(&since).await.unwrap().len() as u64, vector.events.0);
    // It goes on, in the present format.
    let event = finch_core::testing::webhook("msg_1", ACME.0, "disconnected");
    for new in [true, false] {
        assert_eq!(store.keep_webhook(event.clone(), Awaits::Probe).await.unwrap(), new);
    }
    let waits = async |awaits| {
        let page = store.webhooks(awaits, None, 9).await.unwrap();
        page.into_iter().map(|(_, event)| event.id.as_str().to_owned()).collect::<Vec<_>>()
    };
    let probe: &[&str] = if vector.webhooks { &["msg_probe", "msg_1"] } else { &["msg_1"] };
    assert_eq!(waits(Awaits::Probe).await, probe);
    assert_eq!(waits(Awaits::Host).await, if vector.webhooks { vec!["msg_host"] } else { vec![] });
    let done = finch_core::testing::webhook("msg_done", ACME.0, "reauth");
    assert_eq!(store.keep_webhook(done, Awaits::Probe).await.unwrap(), !vector.webhooks);
    let by = finch_core::Actor::Operator("vector".parse().unwrap());
    let rotated = store.rotate(by, finch_core::Timestamp::now(), |_| {}).await.unwrap();
    assert_eq!((rotated.resealed, rotated.epoch), (5, vector.epoch + 1));
    drop(store);
    let found = open(&home, &vector).verify(What::Everything, |_, _| {}).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
}

#[tokio::test]
async fn a_store_of_version_2_goes_on() {
    holds(VERSION_2).await;
}

#[tokio::test]
async fn a_store_of_version_3_goes_on() {
    holds(VERSION_3).await;
}

#[tokio::test]
async fn a_store_of_version_4_goes_on() {
    holds(VERSION_4).await;
}

#[tokio::test]
async fn a_backup_of_an_older_release_is_restored() {
    let home = Home::new();
    let backup = home.path.with_file_name("backup");
    fs::write(&backup, VERSION_2.file).unwrap();
    fs::set_permissions(&backup, fs::Permissions::from_mode(0o600)).unwrap();
    let by = finch_core::Actor::Operator("tests".parse().unwrap());
    let now = finch_core::testing::at(50);
    let restored = restore(&backup, &options(&home, &VERSION_2), by, now, |_, _| {}).unwrap();
    assert!(fs::read(&backup).unwrap() == VERSION_2.file, "the backup stays as it is");
    assert_eq!((restored.open_disconnects, restored.epoch), (1, 2));
    let store = open(&home, &VERSION_2);
    let query = Query { customer: None, connection: None, after: None, limit: 100 };
    let all = store.connections(&query).await.unwrap();
    let states = all.iter().flat_map(|c| &c.tokens).map(|token| token.state.name());
    let in_doubt = states.filter(|state| *state == "unverified").count();
    assert_eq!(restored.in_doubt, in_doubt as u64);
    assert!(in_doubt > 0);
    let found = store.verify(What::Everything, |_, _| {}).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
}
