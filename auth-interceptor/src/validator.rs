//! Whether a token is what it claims to be: a function of token, keys, settings and now.
//!
//! No network, clock or randomness is within reach. The order of the checks is part of the
//! contract: what is answered before the signature is verified depends on nothing but the header
//! and what chooses the key.

mod settings;

use std::borrow::Cow;
use std::sync::Arc;

use crate::authority::{Algorithm, Authority, AuthorityKind, Registration};
use crate::claims::{
    Claims, EntraClaims, EntraOrigin, Payload, Rfc9068Claims, SignedParts, TokenVersion,
};
use crate::clock::UnixSeconds;
use crate::error::AuthError;
use crate::identity::TenantId;
use crate::issuer::IssuerTemplate;
use crate::jws::{CompactJws, Header, HeaderMembers, MediaType, read_object};
use crate::keys::{KeySnapshot, SigningKey};

use settings::Issuing;
pub use settings::SettingsError;

/// Validates tokens of the configured authorities for the configured registrations.
#[derive(Debug)]
pub struct Validator {
    /// In the order of the settings, by which authorities are numbered everywhere.
    authorities: Vec<Issuing>,
    /// Every algorithm that some authority accepts.
    algorithms: Vec<Algorithm>,
    token_limit: usize,
}

/// A token whose structure and header are in order, and nothing else is known of.
pub(crate) struct TokenText<'t> {
    signing_input: &'t [u8],
    signature: &'t [u8],
    header: Header<'t>,
    payload: Payload<'t>,
}

impl TokenText<'_> {
    /// The key id that the header names. Well formed, and still the sender's word.
    pub(crate) fn key_id(&self) -> &str {
        &self.header.key_id
    }
}

/// A token that was verified: by which key, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedToken {
    pub(crate) claims: Arc<Claims>,
    pub(crate) key: Arc<SigningKey>,
    /// The number of the authority that issued it.
    pub(crate) authority: usize,
}

/// Why a token was not verified: it was refused, or the keys at hand do not say.
#[derive(Debug)]
pub(crate) enum Unverified {
    /// Refused for good.
    Refused(AuthError),
    /// Refused for good, although the authority that it names has signed it.
    SignedAndRefused {
        error: AuthError,
        /// The number of that authority.
        authority: usize,
        /// What its signature vouches for; nothing where it is not for this key to say.
        signed: Option<Arc<SignedParts>>,
    },
    /// This authority is the one to ask, and its keys have no such id.
    UnknownKey {
        authority: usize,
        /// The version whose document would publish it.
        version: TokenVersion,
    },
    /// No authority is the one to ask, and none has published such a key: SIGNING_KEY_UNKNOWN
    /// without asking anyone.
    ForeignKey,
    /// The keys of the authority to ask were not read yet.
    KeysUnavailable { authority: usize },
}

impl From<AuthError> for Unverified {
    fn from(error: AuthError) -> Self {
        Self::Refused(error)
    }
}

impl Validator {
    /// Joins the authorities and the registrations.
    ///
    /// # Errors
    ///
    /// Names the first thing that makes no sense: a token that nobody or two could be meant by.
    pub fn new(
        authorities: &[Authority],
        registrations: &[Registration],
        token_limit: usize,
    ) -> Result<Self, SettingsError> {
        let authorities = settings::join(authorities, registrations)?;
        let accepted = |algorithm: &Algorithm| {
            let mut all = authorities.iter();
            all.any(|authority| authority.algorithms.contains(algorithm))
        };
        let algorithms = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256]
            .into_iter()
            .filter(accepted)
            .collect();
        Ok(Self {
            authorities,
            algorithms,
            token_limit,
        })
    }

    /// Takes a token apart: the limit, the segments and their encoding.
    pub(crate) fn decode<'t>(&self, token: &'t str) -> Result<CompactJws<'t>, AuthError> {
        CompactJws::decode(token, self.token_limit)
    }

    /// Reads what was taken apart: the structure of header and payload, then the header's rules.
    pub(crate) fn read<'t>(&self, jws: &'t CompactJws<'_>) -> Result<TokenText<'t>, AuthError> {
        let mut members = HeaderMembers::default();
        let mut payload = Payload::default();
        read_object(jws.header(), &mut members)
            .and_then(|()| read_object(jws.payload(), &mut payload))
            .map_err(|_| AuthError::TokenMalformed)?;
        self.judge(jws, &members, payload)
    }

    fn judge<'t>(
        &self,
        jws: &'t CompactJws<'_>,
        members: &HeaderMembers<'t>,
        payload: Payload<'t>,
    ) -> Result<TokenText<'t>, AuthError> {
        let header = Header::judge(members, &self.algorithms)?;
        if jws.signature().is_empty() {
            return Err(AuthError::TokenMalformed);
        }
        Ok(TokenText {
            signing_input: jws.signing_input(),
            signature: jws.signature(),
            header,
            payload,
        })
    }

    /// Verifies a token at `now` with the keys at hand: one snapshot per authority, none where they
    /// were not read yet.
    pub(crate) fn verify(
        &self,
        token: &TokenText<'_>,
        keys: &[Option<Arc<KeySnapshot>>],
        now: UnixSeconds,
    ) -> Result<VerifiedToken, Unverified> {
        let (number, authority, key) = self.prove(token, keys)?;
        match accept(&token.payload, authority, key, now) {
            Ok(claims) => Ok(VerifiedToken {
                claims: Arc::new(claims),
                key: Arc::clone(key),
                authority: number,
            }),
            Err(error) => Err(Unverified::SignedAndRefused {
                error,
                authority: number,
                signed: signed_parts(&token.payload, authority, key).map(Arc::new),
            }),
        }
    }

    /// Verifies the signature of a JWS whose payload need not be claims: header, key, signature.
    pub(crate) fn verify_signature(
        &self,
        jws: &CompactJws<'_>,
        keys: &[Option<Arc<KeySnapshot>>],
    ) -> Result<(), Unverified> {
        let mut members = HeaderMembers::default();
        read_object(jws.header(), &mut members).map_err(|_| AuthError::TokenMalformed)?;
        let token = self.judge(jws, &members, Payload::default())?;
        self.prove(&token, keys).map(drop)
    }

    /// Finds the key and verifies the signature with it, before anything that the payload says is
    /// believed.
    fn prove<'k>(
        &self,
        token: &TokenText<'_>,
        keys: &'k [Option<Arc<KeySnapshot>>],
    ) -> Result<(usize, &Issuing, &'k Arc<SigningKey>), Unverified> {
        let (number, authority, key) = self.choose_key(token, keys)?;
        check_key(&token.header, authority, key)?;
        if !key.verify(token.signing_input, token.signature) {
            let for_other_resource = token.header.has_nonce;
            return Err(AuthError::TokenSignatureInvalid { for_other_resource }.into());
        }
        Ok((number, authority, key))
    }

    /// Finds the key to try. The token's own `iss` and `ver` say where to look, and are held
    /// against the key once its signature is verified.
    fn choose_key<'k>(
        &self,
        token: &TokenText<'_>,
        keys: &'k [Option<Arc<KeySnapshot>>],
    ) -> Result<(usize, &Issuing, &'k Arc<SigningKey>), Unverified> {
        let issuer = token.payload.unverified_issuer();
        let mut candidates = self.authorities.iter().zip(keys).enumerate();
        let named = match candidates
            .clone()
            .find(|(_, (authority, _))| issuer.is_some_and(|issuer| authority.could_issue(issuer)))
        {
            None if self.authorities.len() == 1 => candidates.next(),
            named => named,
        };
        if let Some((number, (authority, keys))) = named {
            let keys = keys
                .as_ref()
                .ok_or(Unverified::KeysUnavailable { authority: number })?;
            return find_key(token, authority, keys)
                .map(|key| (number, authority, key))
                .ok_or_else(|| Unverified::UnknownKey {
                    authority: number,
                    version: document(token, authority),
                });
        }
        let mut unread = None;
        for (number, (authority, keys)) in candidates {
            match keys {
                None => unread = unread.or(Some(number)),
                Some(keys) => {
                    if let Some(key) = find_key(token, authority, keys) {
                        return Ok((number, authority, key));
                    }
                }
            }
        }
        Err(unread.map_or(Unverified::ForeignKey, |authority| {
            Unverified::KeysUnavailable { authority }
        }))
    }
}

/// Whether a token that `key` has signed counts at `now`, and what it then says.
fn accept(
    payload: &Payload<'_>,
    authority: &Issuing,
    key: &SigningKey,
    now: UnixSeconds,
) -> Result<Claims, AuthError> {
    match &authority.kind {
        AuthorityKind::Entra {
            issuer_v1,
            issuer_v2,
            ..
        } => {
            let claims = EntraClaims::read(payload)?;
            claims.times.judge(now)?;
            let origin = EntraOrigin {
                issuer: claims.issuer,
                tenant: claims.tenant,
                version: claims.version,
            };
            check_entra_issuer(&origin, [issuer_v1, issuer_v2], key.issuer())?;
            let version = claims.version.ok_or(AuthError::TokenVersionUnsupported)?;
            let registration = authority
                .registration(version, claims.audience)
                .ok_or(AuthError::TokenAudienceMismatch)?;
            claims.accept(version, Arc::clone(registration))
        }
        AuthorityKind::Oidc { issuer, tenant } => {
            let claims = Rfc9068Claims::read(payload)?;
            claims.times.judge(now)?;
            check_oidc_issuer(claims.issuer, issuer, key.issuer(), tenant)?;
            let registration = authority
                .registration(TokenVersion::Rfc9068, claims.audience)
                .ok_or(AuthError::TokenAudienceMismatch)?;
            claims.accept(*tenant, Arc::clone(registration))
        }
    }
}

/// What of a refused token `key` vouches for: nothing unless issuer and tenant are its own.
fn signed_parts(
    payload: &Payload<'_>,
    authority: &Issuing,
    key: &SigningKey,
) -> Option<SignedParts> {
    match &authority.kind {
        AuthorityKind::Entra {
            issuer_v1,
            issuer_v2,
            ..
        } => {
            let origin = EntraOrigin::read(payload)?;
            check_entra_issuer(&origin, [issuer_v1, issuer_v2], key.issuer()).ok()?;
            Some(SignedParts::entra(payload, &origin))
        }
        AuthorityKind::Oidc { issuer, tenant } => {
            let named = payload.unverified_issuer()?;
            check_oidc_issuer(named, issuer, key.issuer(), tenant).ok()?;
            Some(SignedParts::rfc9068(payload, *tenant))
        }
    }
}

/// Looks into the document that the token's version is signed from.
fn find_key<'k>(
    token: &TokenText<'_>,
    authority: &Issuing,
    keys: &'k KeySnapshot,
) -> Option<&'k Arc<SigningKey>> {
    keys.find(document(token, authority), &token.header.key_id)
}

/// The version whose document publishes the token's key.
fn document(token: &TokenText<'_>, authority: &Issuing) -> TokenVersion {
    match &authority.kind {
        AuthorityKind::Oidc { .. } => TokenVersion::Rfc9068,
        AuthorityKind::Entra { .. } if token.payload.unverified_version() == Some("1.0") => {
            TokenVersion::V1
        }
        AuthorityKind::Entra { .. } => TokenVersion::V2,
    }
}

/// Whether the header fits the authority and the key that it selects.
fn check_key(header: &Header<'_>, authority: &Issuing, key: &SigningKey) -> Result<(), AuthError> {
    if !authority.algorithms.contains(&header.algorithm) || key.algorithm() != header.algorithm {
        return Err(AuthError::TokenAlgNotAllowed);
    }
    if matches!(authority.kind, AuthorityKind::Oidc { .. })
        && header.media_type != MediaType::AccessToken
    {
        return Err(AuthError::TokenTypeNotAllowed);
    }
    let differs = |named: &Option<Cow<'_, str>>, own: Option<&str>| {
        let named = named.as_deref();
        named.zip(own).is_some_and(|(named, own)| named != own)
    };
    if differs(&header.x5t, key.x5t()) || differs(&header.x5t_s256, key.x5t_s256()) {
        return Err(AuthError::TokenHeaderInvalid);
    }
    Ok(())
}

/// The chain from key to tenant: `iss` is the authority's for the token's version and for `tid`,
/// and the key's own issuer, with `tid` filled in, is that very `iss`.
fn check_entra_issuer(
    claims: &EntraOrigin<'_>,
    [issuer_v1, issuer_v2]: [&IssuerTemplate; 2],
    key_issuer: &IssuerTemplate,
) -> Result<(), AuthError> {
    let any_of = |accepts: &dyn Fn(&IssuerTemplate) -> bool| match claims.version {
        Some(TokenVersion::V1) => accepts(issuer_v1),
        Some(_) => accepts(issuer_v2),
        None => accepts(issuer_v1) || accepts(issuer_v2),
    };
    if any_of(&|template| template.matches(claims.issuer, &claims.tenant)) {
        return if key_issuer.matches(claims.issuer, &claims.tenant) {
            Ok(())
        } else {
            Err(AuthError::TokenIssuerMismatch)
        };
    }
    // The issuer is in order but for the tenant: `iss` and `tid` contradict each other.
    if any_of(&|template| template.could_match(claims.issuer)) {
        Err(AuthError::TenantMismatch)
    } else {
        Err(AuthError::TokenIssuerMismatch)
    }
}

fn check_oidc_issuer(
    issuer: &str,
    own: &IssuerTemplate,
    key_issuer: &IssuerTemplate,
    tenant: &TenantId,
) -> Result<(), AuthError> {
    if own.matches(issuer, tenant) && key_issuer.matches(issuer, tenant) {
        Ok(())
    } else {
        Err(AuthError::TokenIssuerMismatch)
    }
}

#[cfg(test)]
pub(crate) mod mint;
#[cfg(test)]
mod tests;
