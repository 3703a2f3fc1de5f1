//! What a host's runtime may do with keys.

use finch_seal::{Kek, KeyRing};

use crate::support::STORE;

/// Moves futures between threads.
#[tokio::test]
async fn futures_can_be_sent() {
    fn send<T: Send>(future: T) -> T {
        future
    }
    let kek = Kek::generate().unwrap();
    let (ring, keys) = send(KeyRing::create(&kek, STORE)).await.unwrap();
    send(ring.next_epoch(&kek)).await.unwrap();
    send(keys.rewrap(&kek, &kek)).await.unwrap();
}
