//! The tests are tested: each broken variant is caught by some history, within so many.

use std::time::Instant;

use finch_sim::{Variant, run};
use finch_testkit::number;

/// So many histories must be enough to notice.
const ENOUGH: u64 = 80_000;

fn caught(variant: Variant) {
    let (began, enough) = (Instant::now(), number("FINCH_VARIANT_HISTORIES").unwrap_or(ENOUGH));
    let (figures, broken) = run(0..enough, Some(variant));
    assert!(broken.is_some(), "{variant:?} is not noticed in {enough} histories");
    figures.report(&format!("simulation without {variant:?}"), began);
}

macro_rules! variants {
    ($($name:ident = $variant:ident;)*) => {
        $(#[test]
        fn $name() {
            caught(Variant::$variant);
        })*

        /// A variant without a test does not compile.
        fn _all(variant: Variant) {
            match variant {
                $(Variant::$variant => {})*
            }
        }
    };
}

variants! {
    any_401_means_dead = Any401IsDead;
    one_refused_token_settles_the_connection = OneRefusalSettlesAll;
    a_200_is_proof = SuccessIsProof;
    no_fence_before_the_remote_call = NoFence;
    no_intent_before_the_exchange = NoIntent;
    the_code_is_sent_again = ResendsTheCode;
    no_unverified = NoUnverified;
    no_covering_rule = NoCoveringRule;
    no_superseded = NoSuperseded;
    no_seven_minutes = NoSevenMinutes;
    a_fence_that_is_lost_at_a_crash = FenceNotDurable;
    a_secret_wiped_before_the_refusal = WipesBeforeRefusal;
    a_lease_that_is_ignored = LeaseIgnored;
    a_state_that_is_not_consumed = StateNotConsumed;
    a_retired_token_that_is_wiped = WipesRetired;
}
