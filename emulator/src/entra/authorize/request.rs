//! A parsed authorization request, and where its answer goes.
//!
//! Until the client and its redirect URI are known to belong together, an error is a page; after
//! that it is the client's, by redirect (RFC 6749 section 4.1.2.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use crate::authority::Authority;
use crate::directory::{Account, RedirectKind};
use crate::entra::claims_request::ClaimsRequest;
use crate::entra::client;
use crate::entra::error::AuthorityError;
use crate::entra::form::Form;
use crate::entra::scope;
use crate::entra::scope::Asked;

/// How the answer reaches the client.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

/// Where the answer goes.
#[derive(Clone, Debug)]
pub(crate) struct ReplyTo {
    pub(crate) uri: String,
    pub(super) mode: ResponseMode,
    /// Returned byte for byte.
    pub(super) state: Option<Bytes>,
}

/// What the person may be bothered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    Unspecified,
    None,
    Login,
    SelectAccount,
    Consent,
}

/// A valid authorization request.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizeRequest {
    /// The tenant segment of the address, in the client's spelling.
    pub(super) tenant: String,
    pub(super) client_id: String,
    pub(super) reply_to: ReplyTo,
    pub(super) redirect_kind: RedirectKind,
    pub(super) scope: String,
    pub(super) prompt: Prompt,
    pub(super) login_hint: Option<String>,
    pub(super) nonce: Option<Bytes>,
    pub(super) challenge: Option<String>,
    pub(super) claims: ClaimsRequest,
    pub(super) wants_client_info: bool,
}

/// Why a request was refused, and who is told.
#[derive(Debug)]
pub(super) enum Refused {
    /// The person, because there is no client to trust.
    Page(AuthorityError),
    /// The client.
    Reply(Box<(ReplyTo, AuthorityError)>),
}

const SINGLE: [&str; 11] = [
    "claims",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "prompt",
    "redirect_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

impl AuthorizeRequest {
    pub(super) fn parse(authority: &Authority, tenant: &str, form: &Form) -> Result<Self, Refused> {
        let (reply_to, redirect_kind, client_id) =
            trusted_client(authority, tenant, form).map_err(Refused::Page)?;
        match Self::parse_rest(authority, form, redirect_kind) {
            Ok(rest) => Ok(Self {
                tenant: tenant.to_owned(),
                client_id,
                reply_to,
                redirect_kind,
                scope: rest.scope,
                prompt: rest.prompt,
                login_hint: form.text("login_hint").map(str::to_owned),
                nonce: form.bytes("nonce").cloned(),
                challenge: rest.challenge,
                claims: rest.claims,
                wants_client_info: form.text("client_info") == Some("1"),
            }),
            Err(error) => Err(Refused::Reply(Box::new((reply_to, error)))),
        }
    }

    /// The account that `login_hint` names, by name or by the opaque id-token claim.
    pub(super) fn hinted_account<'a>(&self, authority: &'a Authority) -> Option<&'a Account> {
        let hint = self.login_hint.as_deref()?;
        let name = hint
            .strip_prefix("O.")
            .and_then(|encoded| URL_SAFE_NO_PAD.decode(encoded).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        authority.directory.account(name.as_deref().unwrap_or(hint))
    }

    fn parse_rest(
        authority: &Authority,
        form: &Form,
        redirect_kind: RedirectKind,
    ) -> Result<Rest, AuthorityError> {
        form.refuse_repeated(&SINGLE)?;
        if form.require("response_type")? != "code" {
            return Err(AuthorityError::unsupported_response_type());
        }
        let prompt = match form.text("prompt") {
            None => Prompt::Unspecified,
            Some("consent") => Prompt::Consent,
            Some("none") => Prompt::None,
            Some("login") => Prompt::Login,
            Some("select_account") => Prompt::SelectAccount,
            Some(_) => return Err(AuthorityError::unsupported_parameter("prompt")),
        };
        let challenge = match (
            form.text("code_challenge"),
            form.text("code_challenge_method"),
        ) {
            (Some(challenge), Some("S256")) => Some(challenge.to_owned()),
            (Some(_), _) => {
                return Err(AuthorityError::unsupported_parameter(
                    "code_challenge_method",
                ));
            }
            (None, _) if redirect_kind == RedirectKind::Spa => {
                return Err(AuthorityError::proof_key_needed());
            }
            (None, _) => None,
        };
        let scope = scope::of_form(form);
        if scope.is_empty() {
            return Err(AuthorityError::missing_parameter("scope"));
        }
        Asked::parse(&authority.directory, &scope)?.of_known_names()?;
        Ok(Rest {
            scope,
            prompt,
            challenge,
            claims: ClaimsRequest::of_form(form)?,
        })
    }
}

/// What can be wrong once the client is known.
struct Rest {
    scope: String,
    prompt: Prompt,
    challenge: Option<String>,
    claims: ClaimsRequest,
}

/// Finds the client and a redirect URI that is registered for it.
fn trusted_client(
    authority: &Authority,
    tenant: &str,
    form: &Form,
) -> Result<(ReplyTo, RedirectKind, String), AuthorityError> {
    let tenant = authority
        .directory
        .tenant_segment(tenant)
        .ok_or_else(AuthorityError::unknown_tenant)?;
    form.refuse_repeated(&["client_id", "redirect_uri"])?;
    let app = client::known(authority, tenant, form.require("client_id")?)?;
    let uri = form.require("redirect_uri")?;
    let kind = app
        .redirect_kind(uri)
        .ok_or_else(AuthorityError::redirect_mismatch)?;
    let mode = match form.text("response_mode") {
        None | Some("query") => ResponseMode::Query,
        Some("fragment") => ResponseMode::Fragment,
        Some("form_post") => ResponseMode::FormPost,
        Some(_) => return Err(AuthorityError::unsupported_parameter("response_mode")),
    };
    let reply_to = ReplyTo {
        uri: uri.to_owned(),
        mode,
        state: form.bytes("state").cloned(),
    };
    Ok((reply_to, kind, app.client_id.clone()))
}
