//! A data key makes so many seals and not one more, over processes and restarts.

use finch_seal::{Kek, KeyRing, Place, SealError};

use crate::support::STORE;

const PLACE: Place<'_> = Place { kind: "token", row: 1, client_id: "app", customer: None };

/// More than any test here reserves: a count that does not hold must not run for ever.
const ENDLESS: u32 = 1 << 20;

/// The seals that a ring makes before it asks for more.
fn seal_all(ring: &KeyRing) -> u32 {
    let made = (0..ENDLESS).find(|_| match ring.seal(&PLACE, "secret") {
        Ok(_) => false,
        Err(SealError::ReservationSpent) => true,
        Err(other) => panic!("{other:?}"),
    });
    made.unwrap_or(ENDLESS)
}

#[test]
fn nothing_is_sealed_that_was_not_reserved() {
    let (ring, _) = KeyRing::create(&Kek::generate().unwrap(), STORE).unwrap();
    assert_eq!((ring.seals_left(), seal_all(&ring)), (0, 0));
    drop(ring.reserve(0).unwrap());
    assert_eq!(seal_all(&ring), 0);
}

#[test]
fn reservations_grow_with_use() {
    let (ring, _) = KeyRing::create(&Kek::generate().unwrap(), STORE).unwrap();
    let mut totals = vec![0];
    while totals.len() < 14 {
        let reservation = ring.reserve(totals[totals.len() - 1]).unwrap();
        totals.push(reservation.total());
        ring.grant(reservation);
    }
    let steps: Vec<_> = totals.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(steps[..5], [64, 64, 128, 256, 512]);
    assert_eq!(steps[11..], [65_536, 65_536]);
    assert_eq!(ring.seals_left(), totals[13]);
}

#[test]
fn the_last_seals_are_made_and_none_after_them() {
    let (ring, _) = KeyRing::create(&Kek::generate().unwrap(), STORE).unwrap();
    let last = ring.reserve(KeyRing::SEAL_LIMIT - 3).unwrap();
    assert_eq!(last.total(), KeyRing::SEAL_LIMIT);
    ring.grant(last);
    assert_eq!(seal_all(&ring), 3);
    for reserved in [KeyRing::SEAL_LIMIT, KeyRing::SEAL_LIMIT + 1, u32::MAX] {
        let answer = ring.reserve(reserved);
        assert!(matches!(answer, Err(SealError::KeyExhausted { epoch: 1 })), "{answer:?}");
    }
}

#[test]
fn a_restart_begins_where_the_store_counts() {
    let kek = Kek::generate().unwrap();
    let (ring, keys) = KeyRing::create(&kek, STORE).unwrap();
    let first = ring.reserve(0).unwrap();
    let reserved = first.total();
    ring.grant(first);
    let restarted = KeyRing::open(&kek, &keys).unwrap();
    assert_eq!(seal_all(&restarted), 0);
    let second = restarted.reserve(reserved).unwrap();
    assert_eq!(second.total(), reserved + 64);
    restarted.grant(second);
    assert_eq!((seal_all(&ring), seal_all(&restarted)), (64, 64));
}

#[test]
fn threads_do_not_overspend() {
    let (ring, _) = KeyRing::create(&Kek::generate().unwrap(), STORE).unwrap();
    ring.grant(ring.reserve(0).unwrap());
    let made: u32 = std::thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| seal_all(&ring)));
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(made, 64);
}

#[test]
fn unsealing_spends_nothing() {
    let (ring, _) = KeyRing::create(&Kek::generate().unwrap(), STORE).unwrap();
    ring.grant(ring.reserve(0).unwrap());
    let blob = ring.seal(&PLACE, "secret").unwrap();
    seal_all(&ring);
    assert!(ring.unseal(&PLACE, &blob).is_ok());
}
