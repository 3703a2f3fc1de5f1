//! The tests are tested: each broken variant is caught by some history, within so many.

use finch_sim::{Variant, number, run};

/// So many histories must be enough to notice.
const ENOUGH: u64 = 80_000;

fn caught(variant: Variant) {
    let figures = run(0, number("FINCH_VARIANT_HISTORIES", ENOUGH), Some(variant));
    let ran = figures.broken.first();
    assert!(ran.is_some(), "{variant:?} is not noticed in {} histories", figures.histories);
    figures.report(&format!("simulation without {variant:?}"));
}

macro_rules! variants {
    ($($name:ident = $variant:ident;)*) => {
        $(#[test]
        fn $name() {
            caught(Variant::$variant);
        })*

        #[test]
        fn every_variant_is_tested() {
            assert_eq!([$(Variant::$variant),*], Variant::ALL);
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
