//! What is not ours waits for the host.

use finch_testkit::Reach;
use finch_tests::{World, operator};

use super::{account, delivered, process};
use crate::semantics::{ACME, connect};

#[tokio::test]
async fn an_unknown_event_is_kept_for_the_host() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    let bodies = [
        format!(r#"{{"event_type":"moon.full","connection_id":"{id}","data":{{"phase":1.50}}}}"#),
        r#"{"event_type":"test","data":{}}"#.to_owned(),
        account(&id, "pending"),
        "[]".to_owned(),
        format!(r#"{{"event_type":"directory.created","connection_id":"{id}"}}"#),
    ];
    for (number, body) in bodies.iter().enumerate() {
        assert!(delivered(&world, &format!("msg_{number}"), body).await);
    }
    world.finch.take_calls();
    assert!(process(&world).await.is_empty());
    assert!(world.finch.take_calls().is_empty(), "nobody is asked");

    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = world.app.webhooks(&operator(), after, 2).await.unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(
        seen.iter().map(|event| &event.body).collect::<Vec<_>>(),
        bodies.iter().collect::<Vec<_>>()
    );
    assert_eq!(seen[0].event_type, "moon.full");
    assert_eq!(seen[0].connection_id.as_ref(), Some(&id));

    assert!(world.app.webhook_done(&operator(), &seen[1].id).await.unwrap());
    assert!(!world.app.webhook_done(&operator(), &seen[1].id).await.unwrap());
    assert!(
        !delivered(&world, "msg_1", &bodies[1]).await,
        "Finch sends it again, and it stays done"
    );
    let left = world.app.webhooks(&operator(), None, 10).await.unwrap();
    assert_eq!((left.items.len(), left.next), (4, None));
}

#[tokio::test]
async fn what_calls_for_a_probe_is_not_the_hosts() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    assert!(delivered(&world, "msg_1", &account(&id, "reauth")).await);
    assert!(world.app.webhooks(&operator(), None, 10).await.unwrap().items.is_empty());
    process(&world).await;
    assert!(world.app.webhooks(&operator(), None, 10).await.unwrap().items.is_empty());
}
