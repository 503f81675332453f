//! Signed tokens: a header, the claims of [`claims`] and an RS256 signature.
//!
//! [`TokenRequest`] says what a token should be; the endpoints and the tests that mint tokens in
//! process use the same one, so what a test forges differs from the real thing only where it says.

pub(crate) mod claims;
mod proven;
mod request;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::authority::Authority;
use crate::directory::TokenVersion;
use crate::keys::SigningKey;

pub(crate) use proven::Proven;
pub(crate) use request::Subject;
pub use request::{ClientAuthentication, TokenRequest};

impl Authority {
    /// Signs the access token that a request describes.
    pub(crate) fn issue(&self, request: &TokenRequest) -> String {
        let key = request.key.clone().unwrap_or_else(|| self.keys.signing());
        let version = self.version_of(request);
        let mut header = Map::new();
        header.insert("typ".to_owned(), json!("JWT"));
        header.insert("alg".to_owned(), json!("RS256"));
        header.insert("kid".to_owned(), json!(key.kid()));
        if version == TokenVersion::V1 {
            header.insert("x5t".to_owned(), json!(key.kid()));
        }
        header.extend(request.header.clone());

        let mut claims = self.access_token_claims(request, version);
        for name in &request.removed {
            claims.remove(name);
            header.remove(name);
        }
        claims.extend(request.claims.clone());
        sign(&key, &header, &claims)
    }

    /// Signs an id token.
    pub(crate) fn issue_id_token(&self, claims: &Map<String, Value>) -> String {
        let key = self.keys.signing();
        let mut header = Map::new();
        header.insert("typ".to_owned(), json!("JWT"));
        header.insert("alg".to_owned(), json!("RS256"));
        header.insert("kid".to_owned(), json!(key.kid()));
        sign(&key, &header, claims)
    }
}

fn sign(key: &SigningKey, header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    let encode = |members: &Map<String, Value>| {
        URL_SAFE_NO_PAD.encode(Value::Object(members.clone()).to_string())
    };
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()));
    format!("{message}.{signature}")
}
