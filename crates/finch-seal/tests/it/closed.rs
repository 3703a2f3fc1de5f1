//! What keys must never learn to do. A line that stops compiling here is a hole: two impls apply to the
//! type, and the compiler cannot choose.

use std::fmt::{Debug, Display};

use finch_seal::{Kek, KeyBytes, KeyRing, Reservation};

macro_rules! never {
    ($bound:ident: $($type:ty),+) => {{
        trait Ambiguous<Which> {
            fn compiles() {}
        }
        struct Forbidden;
        impl<T: ?Sized> Ambiguous<()> for T {}
        impl<T: ?Sized + $bound> Ambiguous<Forbidden> for T {}
        $(<$type as Ambiguous<_>>::compiles();)+
    }};
}

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
