//! Every reason that exists is met by a client over a real socket: in a row of the tables of bad
//! input, or in a named test. Below are those that drive what no row can, over gRPC, gRPC-web and
//! REST alike.

pub(crate) mod asked;
mod authority;
mod control;
mod downstream;
mod faces;
mod rows;
pub(crate) mod scene;
mod service;

use std::collections::BTreeSet;

use selvedge::refusal::Reason::{self, *};
use selvedge::refusal::reason_name;

use crate::control_plane::{endpoints, items};
use crate::exchange::refusals as exchange;
use crate::jobs::orders;
use crate::{
    audit, authorization, cases, data_plane, downstream_refusals, key_life_cycle, own_faults,
    store_limits, transport,
};

/// What no row produces, and the test that does. The compiler holds that it exists.
const PRODUCED: &[(Reason, fn())] = &[
    (AppRoleMissing, authorization::a_method_of_applications_takes_no_user_whatever_their_roles),
    (AuditUnavailable, audit::a_file_that_is_gone_is_begun_anew_and_no_call_goes_on_without_it),
    (AuthorityLoopDetected, exchange::a_loop_is_waited_out_and_no_mark_or_claims_pass_it),
    (AuthorityResponseInvalid, exchange::an_answer_that_makes_no_sense_is_used_by_nobody),
    (AuthorityThrottled, exchange::a_throttling_authority_says_how_long_to_wait_and_is_left_alone),
    (AuthorityTimeout, exchange::an_authority_that_never_answers_is_given_up_in_time),
    (AuthorityUnavailable, exchange::an_authority_that_fails_is_asked_twice_and_one_that_names_a_time_once),
    (BlockedByPolicy, exchange::a_block_can_be_explained_and_not_be_mended),
    (ClaimsChallengeRequired, authorization::a_missing_authentication_context_is_a_challenge_for_whoever_can_answer_it),
    (ClientAppNotAllowed, authorization::a_client_application_that_is_not_on_the_list_is_refused),
    (ClientCredentialInvalid, exchange::an_expired_secret_is_our_fault_and_says_whose_registration),
    (ClientUnauthorized, exchange::an_application_that_a_tenant_does_not_know_is_sent_to_its_administrator),
    (ConsentRequired, exchange::missing_consent_names_the_scopes_and_where_an_administrator_consents),
    (DelegatedNotAllowed, authorization::a_method_of_applications_takes_no_user_whatever_their_roles),
    (DownstreamClaimsChallenge, downstream_refusals::a_claims_challenge_arrives_byte_for_byte_after_one_call_and_costs_the_token),
    (DownstreamForbidden, downstream_refusals::what_no_second_try_would_change_is_asked_for_once),
    (DownstreamOperationFailed, downstream_refusals::an_operation_that_fails_is_named_with_its_cause),
    (DownstreamRejected, downstream_refusals::what_no_second_try_would_change_is_asked_for_once),
    (DownstreamResourceInvalid, exchange::a_listed_scope_or_resource_that_the_authority_does_not_know_is_told_apart),
    (DownstreamResponseInvalid, downstream_refusals::an_answer_that_makes_no_sense_is_quoted_to_nobody),
    (DownstreamScopeInvalid, exchange::a_listed_scope_or_resource_that_the_authority_does_not_know_is_told_apart),
    (DownstreamScopeNotAllowed, exchange::a_scope_that_is_not_listed_is_refused_before_anybody_is_asked),
    (DownstreamThrottled, downstream_refusals::what_no_second_try_would_change_is_asked_for_once),
    (DownstreamUnauthorized, downstream_refusals::a_bare_rejection_is_tried_once_with_a_fresh_token_and_then_our_fault),
    (DownstreamUnavailable, downstream_refusals::a_server_at_fault_is_asked_twice_for_what_can_be_asked_twice),
    (EndpointNotConfigured, endpoints::without_an_address_the_operator_has_one_to_configure),
    (ExchangeAppOnlyUnsupported, exchange::a_back_end_without_a_user_has_nothing_to_exchange_or_to_forget),
    (FieldInvalid, data_plane::a_field_that_is_not_acceptable_is_named),
    (IdempotencyConflict, items::of_two_creations_of_one_item_at_once_one_is_kept_and_the_other_is_told),
    (InteractionRequired, exchange::a_demand_of_conditional_access_arrives_byte_for_byte),
    (InternalFault, own_faults::a_handler_that_panics_is_our_fault_and_its_words_stay_here),
    (ItemNotFound, items::an_item_that_is_deleted_is_not_updated_read_or_created_anew),
    (ItemPermissionDenied, downstream_refusals::rows_of_an_item_are_kept_from_whom_fabric_does_not_let_at_it),
    (JobFailed, orders::a_user_who_has_to_act_later_finds_what_to_do_in_the_failed_job),
    (JobStateConflict, orders::a_user_who_has_to_act_later_finds_what_to_do_in_the_failed_job),
    (MethodPolicyMissing, own_faults::a_service_whose_layer_was_forgotten_serves_nobody),
    (Overloaded, transport::health_watches_are_capped_by_peer),
    (ResourceNotFound, transport::health_answers_anybody_and_says_nothing_but_a_status),
    (SealingKeyUnavailable, orders::a_user_who_still_waits_is_told_at_once),
    (ShuttingDown, transport::a_drain_ends_watches_and_finishes_calls),
    (SigningKeysUnavailable, key_life_cycle::until_the_keys_are_read_the_service_says_so_and_blames_nobody),
    (StepUpRequired, authorization::a_sign_in_that_is_not_entras_is_stepped_up_in_its_own_words),
    (StepUpUnsupportedByClient, authorization::a_missing_authentication_context_is_a_challenge_for_whoever_can_answer_it),
    (StoreConflict, data_plane::an_etag_that_is_no_longer_the_rows_is_a_conflict_and_nothing_is_written),
    (StoreFull, store_limits::a_user_who_has_kept_all_they_may_is_told_and_no_other_is),
    (StoreUnavailable, store_limits::a_store_that_another_process_holds_is_unavailable_until_it_lets_go),
    (SubjectTokenRejected, exchange::a_token_that_the_authority_no_longer_accepts_calls_for_a_new_one),
    (SubjectTokenRequired, exchange::a_back_end_without_a_user_has_nothing_to_exchange_or_to_forget),
];

#[test]
fn every_reason_is_produced() {
    let mut produced: BTreeSet<String> = cases::expectations()
        .filter_map(|expect| expect.split_once(' ').map(|(_, reason)| reason.to_owned()))
        .collect();
    produced.extend(
        PRODUCED
            .iter()
            .map(|(reason, _)| reason_name(*reason).to_owned()),
    );
    let without: Vec<&str> = (1..)
        .map_while(|number| Reason::try_from(number).ok())
        .map(reason_name)
        .filter(|name| !produced.contains(*name))
        .collect();
    assert!(without.is_empty(), "no client meets these: {without:?}");
}
