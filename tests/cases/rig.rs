//! What drives the tables: a running service, its authority, and a client that sends anything.
//!
//! A row goes over gRPC, over gRPC-web in both forms, and over REST too where its input is not gRPC's
//! own: whoever is refused by the one face is refused by the others, and for the same reason.

use bytes::Bytes;
use http::Method;

use super::{Case, cases, grpc_web, rest};
use crate::support::listener::PlantedListener;
use crate::support::running::stopped_clock;
use crate::support::token_recipe::{Names, TokenRecipe};
use crate::support::web::{self, FORMS, Form};
use crate::support::{Call, READ_DATA, RawClient, Reply, Running, Setup};

/// The service that a table is driven against, one row after the other.
pub(super) struct Rig {
    running: Running,
    names: Names,
    planted: PlantedListener,
    client: RawClient,
}

/// How a row reaches the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Grpc,
    GrpcWeb(Form),
    Rest,
}

/// The tokens of one call.
struct Tokens {
    /// The user's, or the only one.
    token: Vec<u8>,
    /// The application's beside it, where the row sends one.
    app: Vec<u8>,
}

impl Rig {
    pub(super) async fn start() -> Self {
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
    pub(super) async fn run(&self, group: char) {
        let mut unmet = Vec::new();
        let mut rest_calls = 0;
        for case in cases(group) {
            assert!(
                case.id.starts_with(group),
                "{} is in the table of {group}",
                case.id
            );
            for (number, tokens) in self.tokens(&case).iter().enumerate() {
                let call = self.call(&case, tokens);
                let over_rest = rest::call(&case, &call).map(|call| (Face::Rest, call));
                rest_calls += usize::from(over_rest.is_some());
                let over_web = FORMS.iter().filter_map(|form| {
                    let call = grpc_web::call(&case, &call, *form)?;
                    Some((Face::GrpcWeb(*form), call))
                });
                let calls: Vec<_> = over_web.chain(over_rest).collect();
                for (face, call) in [(Face::Grpc, call)].into_iter().chain(calls) {
                    if let Err(problem) = self.check(face, &case, &call, tokens).await {
                        unmet.push(format!(
                            "{} ({}), token {number}, over {face:?}: {problem}",
                            case.id, case.input
                        ));
                    }
                }
            }
        }
        assert!(
            unmet.is_empty(),
            "{} unmet:\n{}",
            unmet.len(),
            unmet.join("\n")
        );
        assert_eq!(rest_calls > 0, group != 'H', "{rest_calls} over REST");
        assert_eq!(
            self.planted.connections(),
            0,
            "the address in a token was connected to"
        );
    }

    /// Every token of the row, each with every token of an application beside it.
    fn tokens(&self, case: &Case) -> Vec<Tokens> {
        let make = |recipe: &TokenRecipe| recipe.make(&self.running.emulator, &self.names);
        let apps: Vec<_> = case.apps.iter().map(make).collect();
        let with_apps = |token: &TokenRecipe| {
            let token = make(token);
            apps.iter()
                .map(|app| Tokens {
                    token: token.clone(),
                    app: app.clone(),
                })
                .collect::<Vec<_>>()
        };
        case.tokens.iter().flat_map(with_apps).collect()
    }

    async fn check(
        &self,
        face: Face,
        case: &Case,
        call: &Call,
        tokens: &Tokens,
    ) -> Result<(), String> {
        let fetches = self.running.key_fetches();
        let entered = self.running.store.calls();

        let reply = self.send(face, call).await?;
        let expect = match face {
            Face::Grpc | Face::Rest => case.expect.as_str(),
            Face::GrpcWeb(_) => grpc_web::expectation(case),
        };
        if face == Face::Rest {
            rest::judge(expect, &reply)?;
        } else {
            expect_eq("verdict", &reply.verdict().as_str(), &expect)?;
            self.judge(case, call, &reply)?;
        }
        expect_quotes_nothing(call, tokens, &reply)?;
        let wants_challenge = case.expect.starts_with("UNAUTHENTICATED");
        expect_eq(
            "a challenge",
            &(reply.challenge_header().is_some() || !wants_challenge),
            &true,
        )?;

        if case.expect.ends_with(" METHOD_NOT_FOUND") {
            // Whoever asks for what is not there gets one answer, token or not.
            let bare = call.clone().without_header("authorization");
            let bare = self.send(face, &bare).await?;
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
    async fn send(&self, face: Face, call: &Call) -> Result<Reply, String> {
        let reply = self.client.try_send(call).await;
        let reply = reply.map_err(|error| format!("no answer: {error}"))?;
        Ok(match face {
            Face::GrpcWeb(_) if reply.status.is_success() => web::reply(&reply),
            _ => reply,
        })
    }

    fn call(&self, case: &Case, tokens: &Tokens) -> Call {
        let mut call = Call::to(&self.names.fill(&case.path));
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
            call = call.header("authorization", self.with_tokens(value, tokens));
        }
        for (name, value) in &case.metadata {
            call = call.header(name, self.with_tokens(value, tokens));
        }
        if let Some(body) = &case.body {
            call.body = Bytes::from(self.with_tokens(body, tokens));
        }
        call
    }

    fn with_tokens(&self, text: &str, tokens: &Tokens) -> Vec<u8> {
        let with_app = |part: &str| {
            let parts: Vec<_> = part
                .split("{app}")
                .map(|part| self.names.bytes(part))
                .collect();
            parts.join(&*tokens.app)
        };
        let parts: Vec<_> = text.split("{token}").map(with_app).collect();
        parts.join(&*tokens.token)
    }

    /// What holds for every answer of this kind, whichever the row.
    fn judge(&self, case: &Case, call: &Call, reply: &Reply) -> Result<(), String> {
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
        Ok(())
    }
}

fn expect_quotes_nothing(call: &Call, tokens: &Tokens, reply: &Reply) -> Result<(), String> {
    let credentials = call
        .headers
        .iter()
        .filter(|(name, _)| name == "authorization");
    for (_, value) in credentials {
        // The scheme is no secret: a challenge names it.
        let scheme = value.iter().position(|byte| *byte == b' ').unwrap_or(0);
        expect_eq(
            "the answer quotes the credentials",
            &reply.quotes(&value[scheme..]),
            &false,
        )?;
    }
    for token in [&tokens.token, &tokens.app] {
        expect_eq("the answer quotes a token", &reply.quotes(token), &false)?;
    }
    Ok(())
}

pub(super) fn expect_eq<T: PartialEq + std::fmt::Debug + ?Sized>(
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
