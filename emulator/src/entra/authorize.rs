//! The authorize endpoint: from a client's request to a code, by way of a person.
//!
//! A request moves through [`Step`]s. Each step is a pure decision on the request and on who is
//! signed in to the browser; only [`advance`] turns it into an answer. `prompt=none` never meets
//! a page: a hidden frame would wait on it until it times out.

mod delivery;
pub(crate) mod request;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, header};

use super::client;
use super::error::{AuthorityError, RequestIds};
use super::form::Form;
use super::issued::{CODE_LIFETIME, Code, SIGN_IN_LIFETIME, SignedIn};
use super::scope::Asked;
use super::{pages, session};
use crate::authority::Authority;
use crate::directory::{Account, TenantSegment, User};
use crate::random;
use crate::tokens::Proven;
use request::{AuthorizeRequest, Prompt, Refused};

/// What happens next to a request.
enum Step<'a> {
    /// A person must say who they are.
    AskWho,
    /// This account gets a code.
    Complete(&'a Account),
    /// The client is told why not.
    Refuse(AuthorityError),
}

/// `GET` and `POST /{tenant}/oauth2/v2.0/authorize`.
pub(super) async fn authorize(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::parse(query.unwrap_or_default().as_bytes()).and(Form::parse(&body));
    let ids = RequestIds::of(&headers, form.text("client-request-id"));
    let request = match AuthorizeRequest::parse(&authority, &tenant, &form) {
        Ok(request) => request,
        Err(Refused::Page(error)) => return pages::refusal(&error.sentence()),
        Err(Refused::Reply(told)) => {
            let (reply_to, error) = *told;
            return reply_to.refuse(&authority, &ids, &error.at_authorize());
        }
    };
    let signed_in = session::accounts(&authority, &headers);
    advance(&authority, request, &ids, &signed_in)
}

/// `POST /{tenant}/login`: the sign-in page's form.
pub(super) async fn sign_in(
    State(authority): State<Arc<Authority>>,
    Path(_): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !session::is_own_page(&authority, &headers) {
        return pages::refusal("This form belongs to the sign-in page of the emulator.");
    }
    let form = Form::parse(&body);
    let ids = RequestIds::of(&headers, None);
    let now = authority.clock.now();
    let Some(request) = form
        .text("ctx")
        .and_then(|context| authority.issued.sign_ins.take(context, now))
    else {
        return pages::refusal(
            "This sign-in has ended. Go back to the application and start again.",
        );
    };
    if form.text("action") == Some("cancel") {
        return request
            .reply_to
            .refuse(&authority, &ids, &AuthorityError::cancelled());
    }
    let Some(account) = form
        .text("account")
        .and_then(|name| authority.directory.account(name))
    else {
        return ask_who(&authority, request);
    };
    let cookie = session::remember(&authority, &headers, &account.upn);
    let mut response = complete(&authority, &request, &ids, account);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

fn advance(
    authority: &Authority,
    request: AuthorizeRequest,
    ids: &RequestIds,
    signed_in: &[String],
) -> Response {
    match next_step(authority, &request, signed_in) {
        Step::AskWho => ask_who(authority, request),
        Step::Complete(account) => complete(authority, &request, ids, account),
        Step::Refuse(error) => request.reply_to.refuse(authority, ids, &error),
    }
}

fn next_step<'a>(
    authority: &'a Authority,
    request: &AuthorizeRequest,
    signed_in: &[String],
) -> Step<'a> {
    let mut candidates = signed_in
        .iter()
        .filter_map(|upn| authority.directory.account(upn))
        .filter(|account| can_sign_in(authority, &request.tenant, account));
    let account = match request.hinted_account(authority) {
        Some(hinted) => candidates.find(|account| account.upn == hinted.upn),
        None if request.login_hint.is_some() => None,
        None => candidates.next().filter(|_| candidates.next().is_none()),
    };
    match (request.prompt, account) {
        (Prompt::SelectAccount | Prompt::Login, _) => Step::AskWho,
        (_, Some(account)) => Step::Complete(account),
        (Prompt::None, None) => Step::Refuse(AuthorityError::sign_in_needed()),
        (Prompt::Unspecified, None) => Step::AskWho,
    }
}

fn can_sign_in(authority: &Authority, tenant: &str, account: &Account) -> bool {
    match authority.directory.tenant_segment(tenant) {
        Some(TenantSegment::One(tenant)) => account.is_in(&tenant.id),
        Some(TenantSegment::Any) => true,
        None => false,
    }
}

fn ask_who(authority: &Authority, request: AuthorizeRequest) -> Response {
    let accounts: Vec<&Account> = authority
        .directory
        .accounts()
        .iter()
        .filter(|account| can_sign_in(authority, &request.tenant, account))
        .collect();
    let app = authority
        .directory
        .app(&request.client_id)
        .map_or("an application", |app| app.name.as_str());
    let context = random::token();
    let page = pages::sign_in(&pages::SignIn {
        app,
        action: &format!("/{}/login", request.tenant),
        hidden: &[("ctx", &context)],
        accounts: &accounts,
        chosen: request
            .hinted_account(authority)
            .map(|account| account.upn.as_str()),
    });
    let expires_at = authority.clock.now().saturating_add(SIGN_IN_LIFETIME);
    authority
        .issued
        .sign_ins
        .insert(context, request, expires_at);
    page
}

/// Issues the code, unless the account or the application may not have one.
fn complete(
    authority: &Authority,
    request: &AuthorizeRequest,
    ids: &RequestIds,
    account: &Account,
) -> Response {
    match issue_code(authority, request, account) {
        Ok(code) => {
            let client_info = request
                .wants_client_info
                .then(|| session::client_info(account));
            request.reply_to.deliver(&code, client_info.as_deref())
        }
        Err(error) => request
            .reply_to
            .refuse(authority, ids, &error.at_authorize()),
    }
}

fn issue_code(
    authority: &Authority,
    request: &AuthorizeRequest,
    account: &Account,
) -> Result<String, AuthorityError> {
    let directory = &authority.directory;
    let segment = directory
        .tenant_segment(&request.tenant)
        .ok_or_else(AuthorityError::unknown_tenant)?;
    let app = client::known(authority, segment, &request.client_id)?;
    let tenant = match segment {
        TenantSegment::One(tenant) if account.is_in(&tenant.id) => tenant.id.clone(),
        TenantSegment::One(_) => return Err(AuthorityError::not_in_tenant()),
        TenantSegment::Any => account.home_tenant.clone(),
    };
    let user = User {
        tenant: &tenant,
        upn: &account.upn,
    };
    Asked::parse(directory, &request.scope)?.granted(directory, app, user)?;

    let code = random::token();
    let expires_at = authority.clock.now().saturating_add(CODE_LIFETIME);
    authority.issued.codes.insert(
        code.clone(),
        Code {
            signed_in: SignedIn {
                client_id: app.client_id.clone(),
                account: account.upn.clone(),
                tenant,
                scope: request.scope.clone(),
                proven: Proven::password(authority.clock.now()),
            },
            redirect_uri: request.reply_to.uri.clone(),
            redirect_kind: request.redirect_kind,
            challenge: request.challenge.clone(),
            nonce: request.nonce.clone(),
            redeemed: false,
        },
        expires_at,
    );
    Ok(code)
}
