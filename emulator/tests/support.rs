//! A running emulator, an HTTP client that trusts it, and a reader of tokens.

pub(crate) mod exchange;
pub(crate) mod workload;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::digest;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator::{Emulator, Settings, SigningKey, seed};
use reqwest::header::{LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Response};
use serde_json::Value;

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more";
pub(crate) const CLI_REDIRECT: &str = "http://localhost:49152";

/// Keys made once for all tests: one to start with and one to rotate to.
static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    let key = || SigningKey::generate().unwrap();
    vec![key(), key()]
});

pub(crate) struct Harness {
    pub(crate) emulator: Emulator,
    pub(crate) http: Client,
}

impl Harness {
    pub(crate) async fn start() -> Self {
        let settings = Settings::new(([127, 0, 0, 1], 0).into(), clock());
        Self::start_with(settings.with_signing_keys(KEYS.iter().cloned())).await
    }

    pub(crate) async fn start_with(settings: Settings) -> Self {
        let emulator = Emulator::start(settings).await.unwrap();
        let http = client(&emulator).build().unwrap();
        Self { emulator, http }
    }

    /// A client of HTTP/1.1, where a request names its host in a header.
    pub(crate) fn http_1(&self) -> Client {
        client(&self.emulator).http1_only().build().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.emulator.origin())
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.http
            .post(self.url(path))
            .form(form)
            .send()
            .await
            .unwrap()
    }

    /// Posts to the first tenant's token endpoint.
    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let path = format!("/{}/oauth2/v2.0/token", seed::CONTOSO_DOMAIN);
        let response = self.post(&path, form).await;
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    /// Exchanges a user's token as the workload.
    pub(crate) async fn on_behalf_of(&self, assertion: &str, scope: &str) -> (u16, Value) {
        let tenant = seed::CONTOSO_DOMAIN;
        self.on_behalf_of_in(tenant, assertion, scope).await
    }

    pub(crate) async fn on_behalf_of_in(
        &self,
        tenant: &str,
        assertion: &str,
        scope: &str,
    ) -> (u16, Value) {
        let workload = [
            ("client_id", seed::WORKLOAD_CLIENT_ID),
            ("client_secret", seed::WORKLOAD_SECRET),
        ];
        self.exchange(tenant, &workload, assertion, scope).await
    }

    pub(crate) async fn on_behalf_of_as(
        &self,
        credential: &[(&str, &str)],
        assertion: &str,
        scope: &str,
    ) -> (u16, Value) {
        let tenant = seed::CONTOSO_DOMAIN;
        self.exchange(tenant, credential, assertion, scope).await
    }

    async fn exchange(
        &self,
        tenant: &str,
        credential: &[(&str, &str)],
        assertion: &str,
        scope: &str,
    ) -> (u16, Value) {
        let grant = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("requested_token_use", "on_behalf_of"),
            ("assertion", assertion),
            ("scope", scope),
        ];
        let path = format!("/{tenant}/oauth2/v2.0/token");
        let response = self.post(&path, &[&grant[..], credential].concat()).await;
        let status = response.status().as_u16();
        (status, response.json().await.unwrap())
    }

    /// Opens an authorization request, as the command-line client unless overridden.
    pub(crate) async fn authorize(&self, overrides: &[(&str, &str)]) -> Response {
        self.authorize_with_cookie("", overrides).await
    }

    pub(crate) async fn authorize_with_cookie(
        &self,
        cookie: &str,
        overrides: &[(&str, &str)],
    ) -> Response {
        let path = format!("/{}/oauth2/v2.0/authorize", seed::CONTOSO_DOMAIN);
        let challenge = challenge();
        let scope = format!(
            "openid profile offline_access {}/data.read",
            seed::WORKLOAD_URI
        );
        let mut query: Vec<(&str, &str)> = vec![
            ("client_id", seed::CLI_CLIENT_ID),
            ("redirect_uri", CLI_REDIRECT),
            ("response_type", "code"),
            ("scope", &scope),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        query.retain(|(name, _)| overrides.iter().all(|(other, _)| other != name));
        query.extend(overrides.iter().filter(|(_, value)| !value.is_empty()));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        self.http
            .get(self.url(&format!("{path}?{query}")))
            .header("cookie", cookie)
            .send()
            .await
            .unwrap()
    }

    /// Presses a button of the form with this id.
    pub(crate) async fn press(&self, html: &str, form: &str, action: &str) -> Response {
        let target = attribute_after(html, &format!("id=\"{form}\""), "action");
        let context = attribute_after(html, "name=\"ctx\"", "value");
        self.post(&target, &[("ctx", &context), ("action", action)])
            .await
    }

    /// Drives the sign-in page that a response shows.
    pub(crate) async fn choose(&self, page: Response, account: &str, action: &str) -> Response {
        assert_eq!(page.status(), 200, "a page is shown");
        let html = page.text().await.unwrap();
        let target = attribute_after(&html, "id=\"sign-in\"", "action");
        let mut form = vec![("account", account), ("action", action)];
        let context;
        if html.contains("name=\"ctx\"") {
            context = attribute_after(&html, "name=\"ctx\"", "value");
            form.push(("ctx", &context));
        }
        let user_code;
        if html.contains("name=\"user_code\"") {
            user_code = attribute_after(&html, "name=\"user_code\"", "value");
            form.push(("user_code", &user_code));
        }
        self.post(&target, &form).await
    }

    /// Signs an account in and hands out the answer's parameters.
    pub(crate) async fn sign_in(
        &self,
        account: &str,
        overrides: &[(&str, &str)],
    ) -> HashMap<String, String> {
        let page = self.authorize(overrides).await;
        query_of(&self.choose(page, account, "sign-in").await)
    }

    /// An id token of the daemon, which is a web application too.
    pub(crate) async fn redeem_id_token(&self, account: &str) -> String {
        let redirect = "http://localhost/signed-in";
        let daemon = [
            ("client_id", seed::DAEMON_CLIENT_ID),
            ("redirect_uri", redirect),
        ];
        let answer = self.sign_in(account, &daemon).await;
        let secret = [("client_secret", seed::DAEMON_SECRET)];
        let (_, reply) = self
            .redeem(&answer["code"], &[&daemon[..], &secret].concat())
            .await;
        reply["id_token"].as_str().unwrap().to_owned()
    }

    /// Redeems a code as the command-line client.
    pub(crate) async fn redeem(&self, code: &str, extra: &[(&str, &str)]) -> (u16, Value) {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", seed::CLI_CLIENT_ID),
            ("redirect_uri", CLI_REDIRECT),
            ("code_verifier", VERIFIER),
            ("code", code),
            ("client_info", "1"),
        ];
        form.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
        form.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
        self.token(&form).await
    }
}

fn client(emulator: &Emulator) -> ClientBuilder {
    let root = Certificate::from_pem(emulator.root_certificate_pem().as_bytes()).unwrap();
    Client::builder()
        .tls_certs_only([root])
        .redirect(Policy::none())
        .no_proxy()
}

pub(crate) fn clock() -> emulator::Now {
    Arc::new(|| NOW)
}

pub(crate) fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()))
}

pub(crate) fn location(response: &Response) -> String {
    assert_eq!(response.status(), 302, "the browser is sent on");
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

/// The query of the address a browser is sent to.
pub(crate) fn query_of(response: &Response) -> HashMap<String, String> {
    let location = location(response);
    let (_, query) = location.split_once('?').expect("an answer in the query");
    pairs(query)
}

pub(crate) fn pairs(encoded: &str) -> HashMap<String, String> {
    form_urlencoded::parse(encoded.as_bytes())
        .into_owned()
        .collect()
}

/// The session cookie a response sets, as the browser would send it back.
pub(crate) fn cookie(response: &Response) -> String {
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// The value of `attribute` in the element that contains `marker`.
pub(crate) fn attribute_after(html: &str, marker: &str, attribute: &str) -> String {
    let at = html.find(marker).expect("the element is on the page");
    let start = html[..at].rfind('<').unwrap();
    let end = start + html[start..].find('>').unwrap();
    let element = &html[start..end];
    let opening = format!("{attribute}=\"");
    let from = element.find(&opening).unwrap() + opening.len();
    let length = element[from..].find('"').unwrap();
    element[from..from + length].replace("&amp;", "&")
}

/// A token's header and claims, unverified.
pub(crate) fn decode(token: &str) -> (Value, Value) {
    let part = |index| {
        let part = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    (part(0), part(1))
}

pub(crate) fn claims(token: &Value) -> Value {
    decode(token.as_str().unwrap()).1
}

/// Whether a key document has the key that a token names, and the token verifies with it.
pub(crate) fn verifies(token: &str, document: &Value) -> bool {
    let (header, _) = decode(token);
    let Some(key) = document["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == header["kid"])
    else {
        return false;
    };
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    PublicKeyComponents {
        n: bytes("n"),
        e: bytes("e"),
    }
    .verify(
        &RSA_PKCS1_2048_8192_SHA256,
        message.as_bytes(),
        &URL_SAFE_NO_PAD.decode(signature).unwrap(),
    )
    .is_ok()
}
