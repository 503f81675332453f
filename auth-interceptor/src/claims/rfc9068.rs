//! The claims of RFC 9068 access tokens. Entra's claims are not read: whoever runs another
//! authority cannot speak for an Entra tenant by writing `tid` or `oid`.

use std::sync::Arc;

use super::payload::{Payload, Times, boxed, filled, required, text, texts};
use super::{Claims, TokenSubject, TokenVersion};
use crate::authority::Registration;
use crate::error::AuthError;
use crate::identity::{ClientId, ObjectId, TenantId};

/// An RFC 9068 token's claims, each of the right type (section 2.2).
pub(crate) struct Rfc9068Claims<'c> {
    pub(crate) times: Times,
    pub(crate) issuer: &'c str,
    pub(crate) audience: &'c str,
    subject_id: &'c str,
    client: &'c str,
    token_id: &'c str,
    scope: &'c str,
    context: Option<&'c str>,
    payload: &'c Payload<'c>,
}

impl<'c> Rfc9068Claims<'c> {
    /// Checks the type of every claim that is read, and that none is missing.
    pub(crate) fn read(payload: &'c Payload<'c>) -> Result<Self, AuthError> {
        texts(&payload.roles, "roles")?;
        text(&payload.name, "name")?;
        text(&payload.preferred_username, "preferred_username")?;
        Ok(Self {
            times: Times::read(payload)?,
            issuer: required(&payload.iss, "iss")?,
            audience: required(&payload.aud, "aud")?,
            subject_id: required(&payload.sub, "sub")?,
            client: required(&payload.client_id, "client_id")?,
            token_id: required(&payload.jti, "jti")?,
            scope: text(&payload.scope, "scope")?.unwrap_or_default(),
            context: filled(&payload.acr, "acr")?,
            payload,
        })
    }

    /// The claims to keep, once all else is verified. The tenant is the authority's configured one.
    pub(crate) fn accept(
        self,
        tenant: TenantId,
        registration: Arc<Registration>,
    ) -> Result<Claims, AuthError> {
        // Section 2.2: without a resource owner, the subject is the client itself.
        let (subject, scope) = if self.subject_id == self.client {
            (TokenSubject::App, "")
        } else {
            (TokenSubject::User, self.scope)
        };
        let payload = self.payload;
        Ok(Claims {
            version: TokenVersion::Rfc9068,
            subject,
            states_subject: true,
            tenant,
            object_id: ObjectId::new(self.subject_id),
            client: ClientId::new(self.client),
            registration,
            scopes: scope.into(),
            roles: boxed(texts(&payload.roles, "roles")?),
            authentication_contexts: self.context.into_iter().map(Box::from).collect(),
            claims_capable: false,
            issued_at: self.times.issued_at,
            expires_at: self.times.expires_at,
            token_id: Some(self.token_id.into()),
            name: text(&payload.name, "name")?.map(Into::into),
            preferred_username: text(&payload.preferred_username, "preferred_username")?
                .map(Into::into),
        })
    }
}
