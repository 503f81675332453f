//! What an API does with the access token of a request: it verifies the token, as Fabric and Azure
//! Storage do, and learns from it who calls.
//!
//! The API has its own judgement: signature by a published key, issuer, life on the emulator's
//! clock, and that the token is meant for this API. What the caller may do is the API's business.

pub(crate) mod scripted;

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use serde_json::{Map, Value};

use crate::authority::Authority;
use crate::directory::seed;

/// An API, by the two names that the audience of its tokens may have.
#[derive(Debug)]
pub(crate) struct Resource {
    uri: &'static str,
    client_id: &'static str,
}

/// Fabric's REST and workload-control APIs.
pub(crate) const FABRIC: Resource = Resource {
    uri: seed::FABRIC_URI,
    client_id: seed::FABRIC_CLIENT_ID,
};
/// Azure Storage, which is what OneLake's tokens are for.
pub(crate) const STORAGE: Resource = Resource {
    uri: seed::STORAGE_URI,
    client_id: seed::STORAGE_CLIENT_ID,
};

impl Resource {
    fn is_named(&self, audience: &str) -> bool {
        let bare = audience.strip_suffix('/').unwrap_or(audience);
        bare == self.uri || audience.eq_ignore_ascii_case(self.client_id)
    }
}

/// Why a request's token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    /// There is none, or not exactly one.
    Absent,
    /// Its life is over.
    Expired,
    /// It is meant for another API.
    Audience,
    /// It is none that the authority issued, or does not live yet.
    Invalid,
}

/// A person in a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct User {
    pub(crate) tenant: String,
    pub(crate) object_id: String,
}

/// Whom a verified token speaks for.
#[derive(Clone, Debug)]
pub(crate) enum Speaker {
    /// A person, to the extent of the scopes.
    User { user: User, scopes: Vec<String> },
    /// The client application itself, in a tenant.
    Application { tenant: String },
}

/// A verified access token.
#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    /// The client that the token was issued to.
    pub(crate) client_id: String,
    pub(crate) speaker: Speaker,
}

impl Authority {
    /// Verifies a token as the API it is presented to.
    pub(crate) fn verify(
        &self,
        token: &str,
        resource: &Resource,
    ) -> Result<AccessToken, TokenRefusal> {
        let claims = self
            .signed_claims(token)
            .and_then(|claims| Claims::read(&claims))
            .ok_or(TokenRefusal::Invalid)?;
        let now = self.clock.now();
        if !self.is_issuer(&claims) || claims.not_before > now {
            return Err(TokenRefusal::Invalid);
        }
        if claims.expires <= now {
            return Err(TokenRefusal::Expired);
        }
        if !resource.is_named(&claims.audience) {
            return Err(TokenRefusal::Audience);
        }
        Ok(claims.into_access_token())
    }

    /// The claims of a token that a published key has signed.
    fn signed_claims(&self, token: &str) -> Option<Map<String, Value>> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let header = object(header)?;
        if header.get("alg")?.as_str()? != "RS256" {
            return None;
        }
        let kid = header.get("kid")?.as_str()?;
        let published = self.keys.published();
        let key = published.iter().find(|key| key.kid() == kid)?;
        PublicKeyComponents {
            n: key.modulus(),
            e: key.exponent(),
        }
        .verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature)
        .ok()?;
        object(payload)
    }

    fn is_issuer(&self, claims: &Claims) -> bool {
        let known = self.directory.tenants().iter();
        let issuer = match claims.version.as_str() {
            "1.0" => self.issuer_v1(&claims.tenant),
            "2.0" => self.issuer_v2(&claims.tenant),
            _ => return false,
        };
        known
            .map(|tenant| &tenant.id)
            .any(|id| *id == claims.tenant)
            && claims.issuer == issuer
    }
}

/// The token of `Authorization: Bearer`, given exactly once.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, TokenRefusal> {
    authorization(headers)
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim())
        .ok_or(TokenRefusal::Absent)
}

/// The two tokens of `Authorization: SubjectAndAppToken1.0`: the user's, and the application's.
pub(crate) fn subject_and_app_tokens(headers: &HeaderMap) -> Result<(&str, &str), TokenRefusal> {
    authorization(headers)
        .and_then(|value| value.strip_prefix("SubjectAndAppToken1.0 subjectToken=\""))
        .and_then(|rest| rest.strip_suffix('"'))
        .and_then(|rest| rest.split_once("\", appToken=\""))
        .filter(|(subject, app)| is_compact_jwt(subject) && is_compact_jwt(app))
        .ok_or(TokenRefusal::Absent)
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Whether the characters are those of a token whose header is a JSON object.
fn is_compact_jwt(token: &str) -> bool {
    token.starts_with("eyJ")
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The claims that an API looks at.
struct Claims {
    audience: String,
    issuer: String,
    tenant: String,
    version: String,
    not_before: u64,
    expires: u64,
    object_id: String,
    client_id: String,
    scopes: Vec<String>,
    app_only: bool,
}

impl Claims {
    fn read(claims: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| claims.get(name)?.as_str().map(str::to_owned);
        let time = |name: &str| claims.get(name)?.as_u64();
        let scopes: Vec<String> = text("scp")
            .unwrap_or_default()
            .split_ascii_whitespace()
            .map(str::to_owned)
            .collect();
        Some(Self {
            audience: text("aud")?,
            issuer: text("iss")?,
            tenant: text("tid")?,
            version: text("ver")?,
            not_before: time("nbf")?,
            expires: time("exp")?,
            object_id: text("oid")?,
            client_id: text("appid").or_else(|| text("azp"))?,
            app_only: scopes.is_empty() || text("idtyp").is_some_and(|kind| kind == "app"),
            scopes,
        })
    }

    fn into_access_token(self) -> AccessToken {
        let speaker = if self.app_only {
            Speaker::Application {
                tenant: self.tenant,
            }
        } else {
            Speaker::User {
                user: User {
                    tenant: self.tenant,
                    object_id: self.object_id,
                },
                scopes: self.scopes,
            }
        };
        AccessToken {
            client_id: self.client_id,
            speaker,
        }
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
