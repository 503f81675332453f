//! Nothing of the catalogue of bad input is left out: each of its ids is a row of a table, a named
//! test, or on the short list of what later work will bring.

use std::collections::BTreeSet;

use super::{TABLES, cases, rest};
use crate::exchange::crowds;
use crate::grpc_web::{bodies, cancellation, cors, foreign_client, refusals};
use crate::{
    authentication, authorization, broker, contracts, data_plane, key_life_cycle, transport,
};

/// How many ids each group has, and the first of them.
const GROUPS: [(char, usize, usize); 9] = [
    ('A', 1, 26),
    ('B', 1, 33),
    ('C', 1, 40),
    ('D', 1, 11),
    ('E', 0, 82),
    ('F', 1, 22),
    ('G', 1, 33),
    ('H', 1, 31),
    ('W', 1, 17),
];

/// Ids that cannot be a row, and the tests that are theirs. The compiler holds that they exist.
const NAMED: &[(&str, fn())] = &[
    (
        "A08",
        transport::header_bytes_that_http_forbids_never_get_past_http,
    ),
    (
        "A19",
        transport::header_bytes_that_http_forbids_never_get_past_http,
    ),
    (
        "A22",
        transport::a_header_list_over_the_limit_costs_its_own_call_alone,
    ),
    (
        "A23",
        transport::many_small_headers_are_bounded_by_the_same_limit,
    ),
    (
        "A24",
        transport::a_flood_of_continuations_ends_its_own_connection_alone,
    ),
    (
        "A25",
        transport::a_flood_of_resets_reaches_no_handler_and_costs_others_nothing,
    ),
    (
        "A26",
        data_plane::nobody_is_believed_to_be_who_metadata_or_names_say,
    ),
    (
        "B10",
        transport::header_bytes_that_http_forbids_never_get_past_http,
    ),
    (
        "C12",
        authentication::a_key_is_good_for_its_own_algorithm_alone,
    ),
    (
        "C13",
        authentication::a_key_for_anything_but_signatures_is_never_admitted,
    ),
    ("C20", key_life_cycle::callers_with_a_new_key_share_one_read),
    (
        "C21",
        key_life_cycle::ten_thousand_unknown_key_ids_cause_one_read_and_no_valid_call_fails,
    ),
    (
        "C22",
        authentication::a_key_of_another_authority_is_unknown_here,
    ),
    (
        "D02",
        authentication::a_flipped_bit_anywhere_makes_a_token_worthless,
    ),
    (
        "D02",
        authentication::every_other_character_anywhere_makes_a_token_worthless,
    ),
    (
        "D09",
        key_life_cycle::a_retired_key_works_only_while_the_authority_cannot_be_read,
    ),
    (
        "D10",
        key_life_cycle::a_withdrawn_key_stops_working_with_the_next_read,
    ),
    (
        "D11",
        authentication::a_weak_or_private_key_is_refused_and_the_others_are_kept,
    ),
    (
        "D11",
        authentication::a_document_that_gives_two_keys_one_id_is_refused_whole,
    ),
    (
        "E64",
        authorization::a_method_of_applications_takes_no_user_whatever_their_roles,
    ),
    (
        "E67",
        authorization::a_method_of_applications_takes_no_user_whatever_their_roles,
    ),
    (
        "E77",
        data_plane::nobody_is_believed_to_be_who_metadata_or_names_say,
    ),
    (
        "E78",
        authorization::a_client_application_that_is_not_on_the_list_is_refused,
    ),
    (
        "E80",
        authorization::a_missing_authentication_context_is_a_challenge_for_whoever_can_answer_it,
    ),
    (
        "E81",
        authorization::a_missing_authentication_context_is_a_challenge_for_whoever_can_answer_it,
    ),
    (
        "E82",
        authorization::a_missing_authentication_context_is_a_challenge_for_whoever_can_answer_it,
    ),
    (
        "F16",
        authentication::a_key_bound_to_one_tenant_vouches_for_no_other,
    ),
    (
        "F17",
        authentication::a_key_of_organizations_vouches_for_no_microsoft_account,
    ),
    (
        "F19",
        authorization::a_tenant_taken_off_the_list_is_refused_with_a_token_that_was_good,
    ),
    (
        "F21",
        data_plane::rows_of_others_are_as_if_they_did_not_exist,
    ),
    (
        "F22",
        crowds::a_thousand_users_at_once_receive_their_own_tokens_and_no_others,
    ),
    (
        "F22",
        broker::a_token_of_one_control_is_never_served_to_the_other,
    ),
    (
        "G18",
        transport::header_bytes_that_http_forbids_never_get_past_http,
    ),
    (
        "G18",
        rest::a_pair_that_is_broken_over_two_lines_never_gets_past_http_1,
    ),
    (
        "H01",
        transport::paths_that_http_forbids_never_reach_a_handler,
    ),
    (
        "H10",
        transport::paths_that_http_forbids_never_reach_a_handler,
    ),
    (
        "H11",
        transport::paths_that_http_forbids_never_reach_a_handler,
    ),
    (
        "H15",
        contracts::a_served_method_without_a_policy_stops_the_start,
    ),
    (
        "H16",
        transport::health_answers_anybody_and_says_nothing_but_a_status,
    ),
    ("H17", transport::health_watches_are_capped_by_peer),
    ("H23", transport::a_stream_ends_when_its_token_does),
    (
        "H26",
        transport::a_compressed_message_is_measured_by_what_it_unfolds_to,
    ),
    (
        "H27",
        transport::an_upload_that_stalls_ends_at_the_services_own_deadline,
    ),
    (
        "W01",
        cors::a_page_of_a_listed_origin_is_told_before_it_calls_what_it_may_send,
    ),
    ("W02", cors::a_page_of_any_other_origin_is_told_nothing),
    ("W03", cors::a_page_of_any_other_origin_is_told_nothing),
    ("W04", cors::a_page_of_any_other_origin_is_told_nothing),
    ("W05", cors::a_page_of_any_other_origin_is_told_nothing),
    (
        "W05",
        cors::an_answer_is_readable_for_a_page_of_a_listed_origin,
    ),
    (
        "W06",
        cors::an_answer_is_readable_for_a_page_of_a_listed_origin,
    ),
    ("W06", refusals::a_refusal_is_whole_in_the_headers),
    (
        "W06",
        foreign_client::it_reads_messages_streams_and_refusals,
    ),
    ("W07", bodies::text_may_be_padded_and_cut_anywhere),
    ("W08", bodies::a_body_that_is_no_base64_is_malformed),
    ("W09", bodies::a_body_that_is_no_base64_is_malformed),
    ("W10", bodies::a_request_is_whole_messages_and_nothing_else),
    ("W11", bodies::a_request_is_whole_messages_and_nothing_else),
    (
        "W12",
        refusals::a_format_that_is_not_served_is_refused_in_a_status,
    ),
    (
        "W13",
        refusals::a_verb_that_no_call_has_is_refused_in_a_status,
    ),
    (
        "W14",
        refusals::grpc_over_http_1_is_refused_in_a_status_whoever_takes_trailers,
    ),
    (
        "W15",
        refusals::nothing_that_a_caller_writes_becomes_a_header_of_its_own,
    ),
    (
        "W16",
        cancellation::a_call_that_a_page_gives_up_ends_at_once,
    ),
    ("W17", refusals::a_cookie_is_no_credential),
];

/// What has nothing to be tried against yet, and why. The list may only shrink.
const NOT_YET: &[(&str, &str)] = &[("E79", "no policy can demand a confidential client (azpacr)")];

#[test]
fn every_id_of_the_catalogue_is_a_row_or_a_named_test() {
    let rows: BTreeSet<String> = TABLES
        .iter()
        .flat_map(|(group, _)| cases(*group))
        .map(|case| case.id)
        .collect();
    let named: BTreeSet<String> = NAMED.iter().map(|(id, _)| (*id).to_owned()).collect();
    let not_yet: BTreeSet<String> = NOT_YET.iter().map(|(id, _)| (*id).to_owned()).collect();
    let catalogue: BTreeSet<String> = GROUPS
        .iter()
        .flat_map(|(group, first, last)| (*first..=*last).map(move |id| format!("{group}{id:02}")))
        .collect();

    let covered: BTreeSet<String> = rows.union(&named).cloned().collect();
    assert!(
        covered.is_disjoint(&not_yet),
        "what is covered is not left out"
    );
    let all: BTreeSet<String> = covered.union(&not_yet).cloned().collect();
    let missing: Vec<_> = catalogue.difference(&all).collect();
    let unknown: Vec<_> = all.difference(&catalogue).collect();
    assert!(missing.is_empty(), "in no table and no test: {missing:?}");
    assert!(unknown.is_empty(), "in no catalogue: {unknown:?}");
}
