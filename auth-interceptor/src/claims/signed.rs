//! What the signature of a token vouches for although the token is refused: who is told to renew an
//! expired token must be found by those who look after them.
//!
//! To be made only where the signature is good and the issuer is the key's own.

use super::payload::Payload;
use super::{EntraClaims, TokenSubject, TokenVersion};
use crate::identity::{ClientId, TenantId};
use crate::jws::Value;

/// The parts of a refused token that its authority vouches for. No more than says whose it is.
#[derive(Clone, Debug)]
pub(crate) struct SignedParts {
    pub(crate) version: Option<TokenVersion>,
    pub(crate) tenant: TenantId,
    pub(crate) client: Option<ClientId>,
    pub(crate) token_id: Option<Box<str>>,
    pub(crate) subject: Option<TokenSubject>,
}

/// Who issued an Entra token, by its own account: to be held against the key.
pub(crate) struct EntraOrigin<'c> {
    pub(crate) issuer: &'c str,
    pub(crate) tenant: TenantId,
    pub(crate) version: Option<TokenVersion>,
}

impl<'c> EntraOrigin<'c> {
    /// What a payload says, whatever the rest of it is like.
    pub(crate) fn read(payload: &'c Payload<'_>) -> Option<Self> {
        Some(Self {
            issuer: text(&payload.iss)?,
            tenant: text(&payload.tid)?.parse().ok()?,
            version: match text(&payload.ver) {
                Some("1.0") => Some(TokenVersion::V1),
                Some("2.0") => Some(TokenVersion::V2),
                _ => None,
            },
        })
    }
}

impl SignedParts {
    /// Of an Entra token from `origin`.
    pub(crate) fn entra(payload: &Payload<'_>, origin: &EntraOrigin<'_>) -> Self {
        let (azp, appid) = (text(&payload.azp), text(&payload.appid));
        let client = match origin.version {
            Some(TokenVersion::V1) => appid,
            Some(_) => azp,
            None => azp.or(appid),
        };
        Self {
            version: origin.version,
            tenant: origin.tenant,
            client: client.map(ClientId::new),
            token_id: text(&payload.uti).map(Into::into),
            subject: EntraClaims::read(payload)
                .ok()
                .and_then(|claims| claims.subject()),
        }
    }

    /// Of the token of an OpenID provider, whose tenant is configured.
    pub(crate) fn rfc9068(payload: &Payload<'_>, tenant: TenantId) -> Self {
        let (subject, client) = (text(&payload.sub), text(&payload.client_id));
        Self {
            version: Some(TokenVersion::Rfc9068),
            tenant,
            client: client.map(ClientId::new),
            token_id: text(&payload.jti).map(Into::into),
            subject: subject.zip(client).map(|(subject, client)| {
                if subject == client {
                    TokenSubject::App
                } else {
                    TokenSubject::User
                }
            }),
        }
    }
}

fn text<'c>(claim: &'c Option<Value<'_>>) -> Option<&'c str> {
    match claim {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}
