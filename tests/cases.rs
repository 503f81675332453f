//! Bad input as data: every row of the tables below `cases/` goes over a real socket to the running
//! service.
//!
//! A refusal must be the right one, complete, quote nothing of what was sent, reach no handler and
//! cause no fetch. What cannot be a row is a named test; [`completeness`] holds that nothing of the
//! catalogue is left out.

mod completeness;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;

use crate::support::listener::PlantedListener;
use crate::support::running::stopped_clock;
use crate::support::token_recipe::{Names, TokenRecipe};
use crate::support::{Call, READ_DATA, RawClient, Reply, Running, Setup};

/// The tables, by the letter of their group.
const TABLES: [(char, &str); 7] = [
    ('A', include_str!("cases/a_authorization_metadata.toml")),
    ('B', include_str!("cases/b_structure_and_encoding.toml")),
    ('C', include_str!("cases/c_header.toml")),
    ('D', include_str!("cases/d_signature.toml")),
    ('E', include_str!("cases/e_claims.toml")),
    ('F', include_str!("cases/f_issuer_and_tenant.toml")),
    ('H', include_str!("cases/h_path_and_protocol.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Case>,
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
    /// The `authorization` entries; `{token}` stands for the token.
    #[serde(default = "bearer")]
    authorization: Vec<String>,
    /// Further metadata.
    #[serde(default)]
    metadata: Vec<(String, String)>,
    /// Metadata that is usually there and is left out.
    #[serde(default)]
    without: Vec<String>,
    path: Option<String>,
    http_method: Option<String>,
    content_type: Option<String>,
    /// The body, frame headers and all.
    body: Option<String>,
    /// Each of these tokens must meet the expectation.
    #[serde(default = "one_good_token")]
    tokens: Vec<TokenRecipe>,
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
    table.case
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
async fn h_paths_and_protocol_are_met_as_their_table_says() {
    Rig::start().await.run('H').await;
}

/// The service that a table is driven against, one row after the other.
struct Rig {
    running: Running,
    names: Names,
    planted: PlantedListener,
    client: RawClient,
}

impl Rig {
    async fn start() -> Self {
        let clock = stopped_clock();
        let now = clock.now();
        let running = Setup {
            clock,
            ..Setup::default()
        }
        .start()
        .await;
        let planted = PlantedListener::plant().await;
        let names = Names::new(&running.emulator, now, &planted.url());
        let client = running.raw().await;
        let rig = Self {
            running,
            names,
            planted,
            client,
        };
        rig.spend_the_cooldown().await;
        rig
    }

    /// An unknown key id may cause one read; it is spent here, so that every row can demand none.
    async fn spend_the_cooldown(&self) {
        let recipe: TokenRecipe = toml::from_str(r#"header_set = { kid = "spends-it" }"#).unwrap();
        let token = recipe.make(&self.running.emulator, &self.names);
        let call = Call::to(READ_DATA).bearer(str::from_utf8(&token).unwrap());
        let reply = self.client.send(&call).await;
        assert_eq!(reply.verdict(), "UNAUTHENTICATED SIGNING_KEY_UNKNOWN");
    }

    /// Runs the whole table and reports all rows that were not met.
    async fn run(&self, group: char) {
        let mut unmet = Vec::new();
        for case in cases(group) {
            assert!(
                case.id.starts_with(group),
                "{} is in the table of {group}",
                case.id
            );
            for (number, recipe) in case.tokens.iter().enumerate() {
                if let Err(problem) = self.check(&case, recipe).await {
                    unmet.push(format!(
                        "{} ({}), token {number}: {problem}",
                        case.id, case.input
                    ));
                }
            }
        }
        assert!(
            unmet.is_empty(),
            "{} unmet:\n{}",
            unmet.len(),
            unmet.join("\n")
        );
        assert_eq!(
            self.planted.connections(),
            0,
            "the address in a token was connected to"
        );
    }

    async fn check(&self, case: &Case, recipe: &TokenRecipe) -> Result<(), String> {
        let token = recipe.make(&self.running.emulator, &self.names);
        let call = self.call(case, &token);
        let fetches = self.running.key_fetches();
        let entered = self.running.store.calls();

        let reply = self.send(&call).await?;
        expect_eq("verdict", &reply.verdict(), &case.expect)?;
        self.judge(case, &call, &token, &reply)?;

        if case.expect.ends_with(" METHOD_NOT_FOUND") {
            // Whoever asks for what is not there gets one answer, token or not.
            let bare = self
                .send(&call.clone().without_header("authorization"))
                .await?;
            expect_eq("verdict without credentials", &bare.verdict(), &case.expect)?;
        }
        let expected = usize::from(case.expect == "OK");
        expect_eq(
            "handlers entered",
            &(self.running.store.calls() - entered),
            &expected,
        )?;
        expect_eq("key fetches", &self.running.key_fetches(), &fetches)
    }

    /// Sends it; the connection is made anew for the next row if it did not survive this one.
    async fn send(&self, call: &Call) -> Result<Reply, String> {
        self.client
            .try_send(call)
            .await
            .map_err(|error| format!("no answer: {error}"))
    }

    fn call(&self, case: &Case, token: &[u8]) -> Call {
        let path = case
            .path
            .as_deref()
            .map_or_else(|| READ_DATA.to_owned(), |path| self.names.fill(path));
        let mut call = Call::to(&path);
        if let Some(content_type) = &case.content_type {
            call = call
                .without_header("content-type")
                .header("content-type", content_type);
        }
        if let Some(method) = &case.http_method {
            call.method = Method::from_bytes(method.as_bytes()).unwrap();
        }
        for name in &case.without {
            call = call.without_header(name);
        }
        for value in &case.authorization {
            call = call.header("authorization", self.with_token(value, token));
        }
        for (name, value) in &case.metadata {
            call = call.header(name, self.with_token(value, token));
        }
        if let Some(body) = &case.body {
            call.body = Bytes::from(self.with_token(body, token));
        }
        call
    }

    fn with_token(&self, text: &str, token: &[u8]) -> Vec<u8> {
        let parts: Vec<_> = text
            .split("{token}")
            .map(|part| self.names.bytes(part))
            .collect();
        parts.join(token)
    }

    /// What holds for every answer of this kind, whichever the row.
    fn judge(&self, case: &Case, call: &Call, token: &[u8], reply: &Reply) -> Result<(), String> {
        for secret in call
            .headers
            .iter()
            .filter(|(name, _)| name == "authorization")
        {
            expect_eq(
                "the answer quotes the credentials",
                &reply.quotes(&secret.1),
                &false,
            )?;
        }
        expect_eq("the answer quotes the token", &reply.quotes(token), &false)?;
        let Some(info) = reply.error_info() else {
            return Ok(());
        };
        let is_method = !case.expect.ends_with(" METHOD_NOT_FOUND");
        reply.assert_complete(if is_method { &call.path[1..] } else { "_OTHER" });
        for (name, value) in &case.with {
            expect_eq(
                name,
                &info.metadata.get(name),
                &Some(&self.names.fill(value)),
            )?;
        }
        let wants_challenge = case.expect.starts_with("UNAUTHENTICATED");
        expect_eq(
            "a challenge",
            &(reply.challenge_header().is_some() || !wants_challenge),
            &true,
        )
    }
}

fn expect_eq<T: PartialEq + std::fmt::Debug + ?Sized>(
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: {found:?} instead of {expected:?}"))
    }
}
