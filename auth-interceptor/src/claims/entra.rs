//! The claims of Microsoft Entra ID access tokens, versions 1.0 and 2.0.

use std::sync::Arc;

use super::payload::{Payload, Times, boxed, filled, required, text, texts};
use super::{Claims, TokenSubject, TokenVersion};
use crate::authority::Registration;
use crate::error::AuthError;
use crate::identity::{ClientId, ObjectId, TenantId, parse_guid};
use crate::jws::Value;

/// An Entra token's claims, each of the right type; what they mean is judged by the validator.
pub(crate) struct EntraClaims<'c> {
    pub(crate) times: Times,
    pub(crate) issuer: &'c str,
    pub(crate) tenant: TenantId,
    /// Absent if `ver` is neither 1.0 nor 2.0.
    pub(crate) version: Option<TokenVersion>,
    pub(crate) audience: &'c str,
    payload: &'c Payload<'c>,
    /// Absent in an ID token alone.
    identity: Option<Identity<'c>>,
}

/// Who is calling, through which client application.
struct Identity<'c> {
    object_id: &'c str,
    client: &'c str,
    subject: TokenSubject,
    /// Whether `idtyp` says so.
    states_subject: bool,
}

impl<'c> EntraClaims<'c> {
    /// Checks the type of every claim that is read, and that none is missing.
    pub(crate) fn read(payload: &'c Payload<'c>) -> Result<Self, AuthError> {
        let times = Times::all(payload)?;
        let issuer = required(&payload.iss, "iss")?;
        let audience = required(&payload.aud, "aud")?;
        let tenant = required(&payload.tid, "tid")?
            .parse()
            .map_err(|_| AuthError::TokenClaimInvalid { claim: "tid" })?;
        let version = version(payload)?;
        texts(&payload.roles, "roles")?;
        texts(&payload.xms_cc, "xms_cc")?;
        authentication_contexts(payload)?;
        for (claim, name) in [
            (&payload.uti, "uti"),
            (&payload.name, "name"),
            (&payload.preferred_username, "preferred_username"),
            (&payload.upn, "upn"),
        ] {
            text(claim, name)?;
        }
        Ok(Self {
            times,
            issuer,
            tenant,
            version,
            audience,
            payload,
            identity: identity(payload, version)?,
        })
    }

    /// Whom the token speaks for; nobody where it is an ID token.
    pub(super) fn subject(&self) -> Option<TokenSubject> {
        self.identity.as_ref().map(|identity| identity.subject)
    }

    /// The claims to keep, once all else is verified.
    pub(crate) fn accept(
        self,
        version: TokenVersion,
        registration: Arc<Registration>,
    ) -> Result<Claims, AuthError> {
        let identity = self.identity.ok_or(AuthError::TokenTypeNotAllowed)?;
        let payload = self.payload;
        let username = match text(&payload.preferred_username, "preferred_username")? {
            None => text(&payload.upn, "upn")?,
            username => username,
        };
        Ok(Claims {
            version,
            subject: identity.subject,
            states_subject: identity.states_subject,
            tenant: self.tenant,
            object_id: ObjectId::new(identity.object_id),
            client: ClientId::new(identity.client),
            registration,
            scopes: text(&payload.scp, "scp")?.unwrap_or_default().into(),
            roles: boxed(texts(&payload.roles, "roles")?),
            authentication_contexts: authentication_contexts(payload)?,
            claims_capable: texts(&payload.xms_cc, "xms_cc")?
                .iter()
                .any(|cc| cc == "cp1"),
            issued_at: self.times.issued_at,
            expires_at: self.times.expires_at,
            token_id: text(&payload.uti, "uti")?.map(Into::into),
            name: text(&payload.name, "name")?.map(Into::into),
            preferred_username: username.map(Into::into),
        })
    }
}

fn version(payload: &Payload<'_>) -> Result<Option<TokenVersion>, AuthError> {
    match &payload.ver {
        Some(Value::Null) => Err(AuthError::TokenClaimInvalid { claim: "ver" }),
        Some(Value::Text(version)) if version == "1.0" => Ok(Some(TokenVersion::V1)),
        Some(Value::Text(version)) if version == "2.0" => Ok(Some(TokenVersion::V2)),
        _ => Ok(None),
    }
}

/// `acrs` is an array, which Entra writes as a plain string when there is one.
fn authentication_contexts(payload: &Payload<'_>) -> Result<Box<[Box<str>]>, AuthError> {
    match &payload.acrs {
        Some(Value::Text(context)) => Ok(Box::new([Box::from(context.as_ref())])),
        acrs => texts(acrs, "acrs").map(boxed),
    }
}

/// Who is calling; nobody if the token is an ID token, which tells a client who has signed in and
/// authorizes no call.
fn identity<'c>(
    payload: &'c Payload<'c>,
    version: Option<TokenVersion>,
) -> Result<Option<Identity<'c>>, AuthError> {
    let subject_id = required(&payload.sub, "sub")?;
    let scopes = text(&payload.scp, "scp")?;
    let stated = match text(&payload.idtyp, "idtyp")? {
        // An application's own token has no scopes.
        Some("app") if scopes.is_some() => {
            return Err(AuthError::TokenClaimInvalid { claim: "idtyp" });
        }
        Some("app") => Some(TokenSubject::App),
        Some("user") => Some(TokenSubject::User),
        Some(_) => return Err(AuthError::TokenClaimInvalid { claim: "idtyp" }),
        None => None,
    };
    let object_id = filled(&payload.oid, "oid")?;
    if object_id.is_some_and(|object_id| parse_guid(object_id).is_err()) {
        return Err(AuthError::TokenClaimInvalid { claim: "oid" });
    }
    let azp = filled(&payload.azp, "azp")?;
    let appid = filled(&payload.appid, "appid")?;
    if let (Some(azp), Some(appid)) = (azp, appid)
        && azp != appid
    {
        return Err(AuthError::TokenClaimInvalid { claim: "azp" });
    }
    // An access token has no `nonce`, and one without `scp` that is an app's own needs none.
    let is_id_token =
        text(&payload.nonce, "nonce")?.is_some() && scopes.is_none() && stated.is_none();
    if is_id_token {
        return Ok(None);
    }
    let (client, client_claim) = match version {
        Some(TokenVersion::V1) => (appid, "appid"),
        Some(_) => (azp, "azp"),
        None => (azp.or(appid), "azp"),
    };
    let object_id = object_id.ok_or(AuthError::TokenClaimMissing { claim: "oid" })?;
    // Registrations that do not ask for the optional claim `idtyp` get none. In an app's own token
    // the subject is then the app's own object; a user's `sub` is pairwise and never its `oid`.
    let subject = stated.unwrap_or(if scopes.is_none() && subject_id == object_id {
        TokenSubject::App
    } else {
        TokenSubject::User
    });
    Ok(Some(Identity {
        object_id,
        client: client.ok_or(AuthError::TokenClaimMissing {
            claim: client_claim,
        })?,
        subject,
        states_subject: stated.is_some(),
    }))
}
