//! What must not compile.

mod closed;

/// The compiler refuses each of the cases, for the reason that stands beside it.
#[test]
fn mistakes_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/cases/*.rs");
}
