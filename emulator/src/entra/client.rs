//! Who calls the token endpoint, and how it proved that (RFC 6749 section 2.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};

use super::assertion;
use super::error::AuthorityError;
use super::form::Form;
use crate::authority::Authority;
use crate::directory::{App, AppKind, SecretState, TenantSegment};
use crate::tokens::ClientAuthentication;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client of the token endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client<'a> {
    pub(crate) app: &'a App,
    pub(crate) authentication: ClientAuthentication,
}

impl<'a> Client<'a> {
    /// Recognises the client and checks the credential it presents, if it presents one.
    pub(crate) fn authenticate(
        authority: &'a Authority,
        tenant: TenantSegment<'_>,
        headers: &HeaderMap,
        form: &Form,
    ) -> Result<Self, AuthorityError> {
        let basic = basic_credentials(headers);
        let client_id = match (form.text("client_id"), &basic) {
            (Some(id), _) => id,
            (None, Some((id, _))) => id,
            (None, None) => return Err(AuthorityError::missing_parameter("client_id")),
        };
        let app = known(authority, tenant, client_id)?;
        let secret = form
            .text("client_secret")
            .or(basic.as_ref().map(|(_, secret)| secret.as_str()));
        let assertion = form.text("client_assertion");

        if app.kind == AppKind::Public && (secret.is_some() || assertion.is_some()) {
            return Err(AuthorityError::credential_of_public_client());
        }
        let authentication = if let Some(assertion) = assertion {
            if form.text("client_assertion_type") != Some(ASSERTION_TYPE) {
                return Err(AuthorityError::unsupported_parameter(
                    "client_assertion_type",
                ));
            }
            let tenant = match tenant {
                TenantSegment::One(tenant) => Some(tenant),
                TenantSegment::Any => None,
            };
            assertion::verify(authority, app, tenant, assertion)?;
            ClientAuthentication::Certificate
        } else if let Some(secret) = secret {
            match authority.directory.judge_secret(app, secret.as_bytes()) {
                SecretState::Valid => ClientAuthentication::Secret,
                SecretState::Expired => return Err(AuthorityError::expired_secret()),
                SecretState::Unknown => return Err(AuthorityError::wrong_secret()),
            }
        } else {
            ClientAuthentication::Public
        };
        Ok(Self {
            app,
            authentication,
        })
    }

    /// Refuses a confidential client that proved nothing.
    pub(crate) fn require_credential_if_confidential(self) -> Result<Self, AuthorityError> {
        match (self.app.kind, self.authentication) {
            (AppKind::Confidential, ClientAuthentication::Public) => {
                Err(AuthorityError::credential_needed())
            }
            _ => Ok(self),
        }
    }
}

/// An application that the tenant's users may use.
pub(crate) fn known<'a>(
    authority: &'a Authority,
    tenant: TenantSegment<'_>,
    client_id: &str,
) -> Result<&'a App, AuthorityError> {
    authority
        .directory
        .app(client_id)
        .filter(|app| match tenant {
            TenantSegment::One(tenant) => app.is_in(&tenant.id),
            TenantSegment::Any => app.multi_tenant,
        })
        .ok_or_else(AuthorityError::unknown_client)
}

/// HTTP Basic credentials, each half form-encoded (RFC 6749 section 2.3.1).
fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    let half = |text: &str| {
        Form::parse(format!("v={text}").as_bytes())
            .text("v")
            .map(str::to_owned)
    };
    Some((half(id)?, half(secret)?))
}
