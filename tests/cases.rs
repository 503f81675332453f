//! Bad input as data: every row of the tables below `cases/` goes over a real socket to the running
//! service, by gRPC, gRPC-web and REST.
//!
//! A refusal must be the right one, complete, quote nothing of what was sent, reach no handler and
//! cause no fetch. What cannot be a row is a named test; [`completeness`] holds that nothing of the
//! catalogue is left out.

mod completeness;
mod grpc_web;
mod rest;
mod rig;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::support::READ_DATA;
use crate::support::token_recipe::TokenRecipe;

use self::rig::Rig;

/// The tables, by the letter of their group.
const TABLES: [(char, &str); 8] = [
    ('A', include_str!("cases/a_authorization_metadata.toml")),
    ('B', include_str!("cases/b_structure_and_encoding.toml")),
    ('C', include_str!("cases/c_header.toml")),
    ('D', include_str!("cases/d_signature.toml")),
    ('E', include_str!("cases/e_claims.toml")),
    ('F', include_str!("cases/f_issuer_and_tenant.toml")),
    ('G', include_str!("cases/g_subject_and_app.toml")),
    ('H', include_str!("cases/h_path_and_protocol.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// What a row has that does not say otherwise.
    #[serde(default)]
    usual: toml::Table,
    case: Vec<toml::Table>,
}

/// One row: an input, how it is made, and what must come back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    /// The input, in words.
    input: String,
    /// `OK`, a gRPC code and a reason, or `HTTP` and a status.
    expect: String,
    /// Metadata that ErrorInfo must carry, besides what every refusal carries.
    #[serde(default)]
    with: BTreeMap<String, String>,
    /// The `authorization` entries; `{token}` stands for the token, and `{app}` for the application's
    /// beside it.
    #[serde(default = "bearer")]
    authorization: Vec<String>,
    /// Further metadata.
    #[serde(default)]
    metadata: Vec<(String, String)>,
    /// Metadata that is usually there and is left out.
    #[serde(default)]
    without: Vec<String>,
    /// The method that is called.
    #[serde(default = "read_data")]
    path: String,
    http_method: Option<String>,
    content_type: Option<String>,
    /// The body, frame headers and all.
    body: Option<String>,
    /// Each of these tokens must meet the expectation.
    #[serde(default = "one_good_token")]
    tokens: Vec<TokenRecipe>,
    /// Each of these, with each of the tokens, too.
    #[serde(default = "one_good_token")]
    apps: Vec<TokenRecipe>,
}

fn read_data() -> String {
    READ_DATA.to_owned()
}

fn bearer() -> Vec<String> {
    vec!["Bearer {token}".to_owned()]
}

fn one_good_token() -> Vec<TokenRecipe> {
    vec![TokenRecipe::default()]
}

/// What each row of every table expects.
pub(crate) fn expectations() -> impl Iterator<Item = String> {
    let rows = TABLES.iter().flat_map(|(group, _)| cases(*group));
    rows.map(|row| row.expect)
}

fn cases(group: char) -> Vec<Case> {
    let (_, text) = TABLES.iter().find(|(letter, _)| *letter == group).unwrap();
    let table: Table = toml::from_str(text).unwrap_or_else(|error| panic!("{group}: {error}"));
    let case = |row: toml::Table| {
        let mut whole = table.usual.clone();
        whole.extend(row);
        whole
            .try_into()
            .unwrap_or_else(|error| panic!("{group}: {error}"))
    };
    table.case.into_iter().map(case).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_authorization_metadata_is_met_as_its_table_says() {
    Rig::start().await.run('A').await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b_structure_and_encoding_are_met_as_their_table_says() {
    Rig::start().await.run('B').await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c_headers_are_met_as_their_table_says() {
    Rig::start().await.run('C').await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_signatures_are_met_as_their_table_says() {
    Rig::start().await.run('D').await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e_claims_are_met_as_their_table_says() {
    Rig::start().await.run('E').await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f_issuers_and_tenants_are_met_as_their_table_says() {
    Rig::start().await.run('F').await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_subject_and_app_tokens_are_met_as_their_table_says() {
    Rig::start().await.run('G').await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h_paths_and_protocol_are_met_as_their_table_says() {
    Rig::start().await.run('H').await;
}
