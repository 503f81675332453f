//! Many at once: one call to the authority for all who ask the same, and never another's token for
//! those who do not.

use std::collections::HashMap;
use std::time::Duration;

use emulator::{Endpoint, Fault, ScriptedError, TokenRequest, seed};
use futures_util::StreamExt as _;
use futures_util::stream;
use selvedge::contracts::exchange::v1::ExchangeTokenResponse;
use tokio::sync::Mutex;

use super::{EXCHANGE, Exchanging, claims_of, for_storage, page_token, request};
use crate::support::running::{STORAGE_SCOPE, WORKSPACES_SCOPE};
use crate::support::{Call, RawClient, Reply, Setup, eventually};

const MANY: usize = 1_000;
/// Streams of one connection are bounded, so the callers have several.
const CONNECTIONS: usize = 11;

/// How long a thousand may take on a machine that is busy.
const CROWD_PATIENCE: Duration = Duration::from_secs(90);

/// One crowd at a time is enough for a machine.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A service that waits for an authority which signs a thousand tokens beside it.
async fn patient() -> Exchanging {
    Exchanging::with(Setup {
        exchange_patience: CROWD_PATIENCE,
        unary_timeout: CROWD_PATIENCE,
        ..Setup::default()
    })
    .await
}

async fn send(client: &RawClient, call: &Call) -> Reply {
    let answer = async { client.open(call).await.unwrap().rest().await.unwrap() };
    let answer = tokio::time::timeout(CROWD_PATIENCE, answer).await;
    answer.expect("an answer in time")
}

async fn connections(exchanging: &Exchanging) -> Vec<RawClient> {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(exchanging.running.raw().await);
    }
    clients
}

/// Makes the calls, all of them open at once, and says how each ended.
async fn at_once(exchanging: &Exchanging, calls: &[Call]) -> Vec<Reply> {
    let clients = connections(exchanging).await;
    let replies = calls.iter().enumerate().map(|(at, call)| {
        let client = clients[at % CONNECTIONS].clone();
        async move { send(&client, call).await }
    });
    stream::iter(replies).buffered(MANY).collect().await
}

/// The authority takes its time, so that everybody is there before it answers.
fn slow(exchanging: &Exchanging) {
    let pause = Duration::from_millis(1_500);
    let fault = Some(Fault::Delay(pause));
    exchanging.emulator().set_fault(Endpoint::OnBehalfOf, fault);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_who_ask_the_same_make_one_call_to_the_authority() {
    let _alone = ALONE.lock().await;
    let exchanging = patient().await;
    slow(&exchanging);
    let call = for_storage(&exchanging.token(seed::CONSENTED));
    let replies = at_once(&exchanging, &vec![call; MANY]).await;
    let first: ExchangeTokenResponse = replies[0].message();
    for reply in &replies {
        let response: ExchangeTokenResponse = reply.message();
        assert!(response.access_token == first.access_token);
    }
    assert_eq!(exchanging.asked(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_call_goes_on_for_all_others_when_whoever_began_it_goes_away() {
    let exchanging = patient().await;
    slow(&exchanging);
    let call = for_storage(&exchanging.token(seed::CONSENTED));
    let first = exchanging.running.raw().await;
    let begun = tokio::spawn({
        let call = call.clone();
        async move { first.try_send(&call).await.is_ok() }
    });
    eventually("the first call is at the authority", async || {
        exchanging.asked() == 1
    })
    .await;
    let others = tokio::spawn({
        let client = exchanging.client.clone();
        async move { client.send(&call).await.verdict() }
    });
    // With its task goes its connection.
    begun.abort();
    assert!(begun.await.unwrap_err().is_cancelled());
    assert_eq!(others.await.unwrap(), "OK");
    assert_eq!(exchanging.asked(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_after_a_refusal_ask_nobody_and_a_fresh_token_does() {
    let _alone = ALONE.lock().await;
    let exchanging = patient().await;
    let demand = ScriptedError::new(400, "interaction_required", 50_076)
        .claims(r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#);
    let fault = Some(Fault::AuthorityError(demand));
    exchanging.emulator().set_fault(Endpoint::OnBehalfOf, fault);
    let call = for_storage(&exchanging.token(seed::CONSENTED));
    let refused = exchanging.client.send(&call).await;
    exchanging.emulator().set_fault(Endpoint::OnBehalfOf, None);

    for reply in at_once(&exchanging, &vec![call; MANY]).await {
        assert_eq!(reply.verdict(), "UNAUTHENTICATED INTERACTION_REQUIRED");
        assert_eq!(reply.auth_challenge(), refused.auth_challenge());
    }
    assert_eq!(exchanging.asked(), 1);
    let fresh = exchanging.token(seed::CONSENTED);
    assert_eq!(exchanging.ask(&fresh).await.verdict(), "OK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_thousand_users_at_once_receive_their_own_tokens_and_no_others() {
    let _alone = ALONE.lock().await;
    let exchanging = patient().await;
    let emulator = exchanging.emulator();
    for (tenant, _) in TENANTS {
        let scopes = [STORAGE_SCOPE, WORKSPACES_SCOPE];
        assert!(emulator.grant_tenant_consent(tenant, seed::WORKLOAD_CLIENT_ID, scopes));
    }
    let asked: Vec<Asked> = (0..MANY)
        .map(|number| Asked::numbered(number, &exchanging))
        .collect();
    // Each user asks twice, mixed among the others: once of the authority, once from memory.
    let mut calls: Vec<(usize, Call)> = Vec::new();
    for round in 0..2 {
        calls.extend((0..MANY).map(|at| {
            let mixed = (at * 7 + round * 3) % MANY;
            (mixed, asked[mixed].call())
        }));
    }
    let clients = connections(&exchanging).await;
    // The first exchange makes the connection that all others share.
    let first = exchanging
        .ask(&exchanging.token("first@contoso.test"))
        .await;
    assert_eq!(first.verdict(), "OK");
    let replies = calls.iter().enumerate().map(|(at, (user, call))| {
        let client = clients[at % CONNECTIONS].clone();
        async move { (*user, send(&client, call).await) }
    });
    let replies: Vec<_> = stream::iter(replies).buffer_unordered(MANY).collect().await;

    let mut seen: HashMap<String, usize> = HashMap::new();
    for (user, reply) in &replies {
        let response: ExchangeTokenResponse = reply.message();
        let downstream = claims_of(&response.access_token);
        let asked = &asked[*user];
        assert_eq!(
            downstream["oid"], asked.object_id,
            "a token of somebody else"
        );
        assert_eq!(downstream["tid"], asked.tenant);
        assert_eq!(downstream["aud"], asked.resource());
        assert_eq!(response.granted_scopes, [asked.scope]);
        let owner = *seen.entry(response.access_token).or_insert(*user);
        assert_eq!(owner, *user, "one token for two users");
    }
    assert_eq!(replies.len(), 2 * MANY);
    assert_eq!(seen.len(), MANY);
    assert_eq!(exchanging.asked(), 1 + MANY as u64);
}

const TENANTS: [(&str, &str); 2] = [
    (seed::CONTOSO_TENANT_ID, seed::CONTOSO_DOMAIN),
    (seed::FABRIKAM_TENANT_ID, seed::FABRIKAM_DOMAIN),
];

/// What one of the many asks for.
struct Asked {
    token: String,
    object_id: serde_json::Value,
    tenant: &'static str,
    scope: &'static str,
}

impl Asked {
    fn numbered(number: usize, exchanging: &Exchanging) -> Self {
        let (tenant, domain) = TENANTS[number % 2];
        // Two of one name in two tenants are two users.
        let request: TokenRequest = page_token(&format!("user-{}@{domain}", number / 2));
        let token = exchanging.emulator().issue(&request);
        let scopes = [STORAGE_SCOPE, WORKSPACES_SCOPE];
        Self {
            object_id: claims_of(&token)["oid"].clone(),
            token,
            tenant,
            scope: scopes[number / 2 % 2],
        }
    }

    fn call(&self) -> Call {
        Call::to(EXCHANGE)
            .bearer(&self.token)
            .message(&request(&[self.scope]))
    }

    fn resource(&self) -> &'static str {
        if self.scope == STORAGE_SCOPE {
            seed::STORAGE_URI
        } else {
            seed::FABRIC_URI
        }
    }
}
