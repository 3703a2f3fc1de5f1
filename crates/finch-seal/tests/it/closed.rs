//! What keys must never learn to do. A line that stops compiling here is a hole.

use std::fmt::{Debug, Display};

use finch_compile::never;
use finch_seal::{Kek, KeyBytes, KeyRing, Reservation};

#[test]
fn keys_are_neither_cloned_nor_printed_nor_compared() {
    never!(Display: Kek, KeyBytes, KeyRing);
    never!(PartialEq: Kek, KeyBytes, KeyRing);
    // A reservation that were granted twice would be twice as many seals.
    never!(Clone: Kek, KeyBytes, KeyRing, Reservation);
}

/// The check above sees the impls that are there.
#[test]
fn what_is_there_is_there() {
    fn debug<T: Debug>() {}
    debug::<Kek>();
    debug::<KeyBytes>();
    debug::<KeyRing>();
}
