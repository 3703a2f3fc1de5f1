//! Each simplification of the rules breaks an invariant, the one that is named.

use finch_model::{SMALL, Variant, check};

fn is_caught(variant: Variant, invariant: &'static str) {
    let found = check(variant, SMALL, Some(invariant));
    let how = found.broken.iter().find(|(name, _)| *name == invariant);
    let (name, how) = how.unwrap_or_else(|| panic!("{variant:?} does not break {invariant}"));
    println!("{variant:?} breaks {name} within {} states: {how}", found.states);
}

macro_rules! caught {
    ($($name:ident: $variant:ident by $invariant:literal;)*) => {
        $(#[test]
        fn $name() {
            is_caught(Variant::$variant, $invariant);
        })*

        /// A variant without a test does not compile.
        fn _all(variant: Variant) {
            match variant {
                Variant::Right $(| Variant::$variant)* => {}
            }
        }
    };
}

caught! {
    any_401_means_dead_is_caught: Any401MeansDead by "I7 no orphan";
    one_refusal_settles_all_is_caught: OneRefusalSettlesAll by "I7 no orphan";
    success_is_proof_is_caught: SuccessIsProof by "I7 no orphan";
    marked_after_the_call_is_caught: MarkedAfterTheCall by "I10 agreement";
    no_intent_before_the_exchange_is_caught: NoIntentBeforeTheExchange by "I7 no orphan";
    code_sent_again_is_caught: CodeSentAgain by "I10 agreement";
    no_unverified_is_caught: NoUnverified by "I10 agreement";
    no_covering_is_caught: NoCovering by "I4 fencing";
    no_superseded_is_caught: NoSuperseded by "I10 agreement";
    no_seven_minutes_is_caught: NoSevenMinutes by "I10 agreement";
    fence_not_durable_is_caught: FenceNotDurable by "I4 fencing";
    wiped_before_the_refusal_is_caught: WipedBeforeTheRefusal by "I7 no orphan";
    lease_ignored_is_caught: LeaseIgnored by "one call at a time";
    state_not_consumed_is_caught: StateNotConsumed by "I10 agreement";
    retired_is_wiped_is_caught: RetiredIsWiped by "I7 no orphan";
    no_sending_mark_is_caught: NoSendingMark by "I10 agreement";
    found_mark_dropped_is_caught: FoundMarkDropped by "I10 agreement";
}
