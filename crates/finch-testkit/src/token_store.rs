//! The conformance suite of [`TokenStore`](finch_core::TokenStore): each case is stated once, in the module of
//! its noun, and the macro [`token_store_conformance!`](crate::token_store_conformance) runs every one of
//! them.

mod listing;
mod pieces;

pub use pieces::StoreFixture;

/// Names the cases, module by module. A case that is missing here is an unused function, which the
/// compiler reports.
macro_rules! cases {
    ($dollar:tt $($module:ident { $($name:ident,)* })*) => {
        $(
            mod $module;
            $(pub use $module::$name;)*
        )*

        /// Runs every case of the [`TokenStore`](finch_core::TokenStore) conformance suite as a
        /// `tokio::test`. Takes an expression (it may await) that gives a fresh
        /// [`StoreFixture`](crate::StoreFixture).
        #[macro_export]
        macro_rules! token_store_conformance {
            ($dollar fixture:expr) => {
                $($(#[tokio::test]
                async fn $name() {
                    $crate::token_store::$name(&mut $dollar fixture).await;
                })*)*
            };
        }
    };
}

cases! { $
    connections {
        the_application_is_kept,
        a_connection_is_made_once,
        two_connections_become_one,
        an_employer_is_named,
        a_conflict_is_quarantined,
        a_connection_is_loaded_through_ones_own_tokens,
        listings_come_in_pages,
    }
    attempts {
        a_state_is_claimed_once,
        of_many_at_once_one_begins,
        another_customers_state_is_not_there,
        an_attempt_expires,
        the_end_of_an_exchange_is_repeated,
        a_definite_end_stays,
        an_attempt_keeps_every_field,
        possible_orphans_are_listed,
        what_was_given_up_may_still_end,
    }
    forgetting {
        attempts_that_nothing_can_come_of_are_forgotten,
        attempts_are_forgotten_a_few_at_once,
    }
    tokens {
        a_stored_token_is_found,
        the_newest_token_is_handed_out_to_its_customer,
        a_token_in_reauth_is_not_handed_out,
        a_revoked_token_stays_revoked,
    }
    commits {
        an_old_revision_changes_nothing,
        of_two_decisions_one_holds,
        a_commit_has_one_number,
        a_row_is_kept_whole,
    }
    keyring {
        a_key_ring_is_replaced_by_version,
        a_store_in_use_takes_no_first_key_ring,
        data_keys_in_use_are_kept,
        a_secret_is_sealed_again,
        secrets_of_older_keys_are_found,
        the_head_of_a_record_is_kept,
    }
    disconnects {
        a_fence_holds,
        a_finished_disconnect_wipes_the_secret,
        a_disconnect_is_reopened,
        a_request_joins_an_open_disconnect,
        retirements_are_kept,
    }
    agenda {
        work_is_found_when_it_is_due,
        work_of_a_clock_that_ran_ahead_is_due,
        attention_is_found,
        a_question_is_kept_and_found,
        connections_of_an_employer_are_found,
    }
    leases {
        a_lease_is_one_instances_at_a_time,
        an_absorbed_connection_is_not_leased,
        turns_are_apart,
    }
    events {
        events_are_kept_in_order,
        events_are_read_by_whom_they_concern,
        a_use_is_noted,
        numbers_are_taken_once,
    }
}
