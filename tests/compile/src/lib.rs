#![doc = include_str!("../README.md")]

/// Types that must never implement a trait: a line that stops compiling is a hole, where two impls apply
/// to the type, and the compiler cannot choose.
///
/// ```text
/// never!(Display: AccessToken, State);
/// ```
#[macro_export]
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
