//! What keys must never learn to do. A line that stops compiling here is a hole.

use std::fmt::{Debug, Display};

use finch_compile::never;
use finch_seal::{Kek, KeyBytes, KeyRing};

use crate::support::STORE;

#[test]
fn keys_are_neither_cloned_nor_printed_nor_compared() {
    never!(Display: Kek, KeyBytes, KeyRing);
    never!(PartialEq: Kek, KeyBytes, KeyRing);
    never!(Clone: Kek, KeyBytes, KeyRing);
}

/// A host's runtime may move them between threads.
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

/// `never` sees the impls that are there.
#[test]
fn what_is_there_is_there() {
    fn debug<T: Debug>() {}
    debug::<Kek>();
    debug::<KeyBytes>();
    debug::<KeyRing>();
}
