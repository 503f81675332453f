//! The device flow's two other ends (RFC 8628): where it starts, and the page where a person
//! answers for it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use serde_json::json;

use super::client::Client;
use super::error::{AuthorityError, RequestIds};
use super::form::Form;
use super::issued::{DEVICE_LIFETIME, Decision, Device, SignedIn};
use super::scope::Asked;
use super::{pages, scope, session};
use crate::authority::Authority;
use crate::directory::{Account, TenantSegment};
use crate::random;
use crate::tokens::Proven;

/// Without vowels and look-alikes; a power of two, so that every letter is as likely.
const ALPHABET: &[u8; 16] = b"BCDFGHJKLMNPQRST";
const USER_CODE_LENGTH: usize = 9;
/// Seconds between polls.
const INTERVAL: u64 = 5;

/// `POST /{tenant}/oauth2/v2.0/devicecode`.
pub(super) async fn start(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::parse(&body);
    let ids = RequestIds::of(&headers, form.text("client-request-id"));
    match begin(&authority, tenant, &headers, &form) {
        Ok(response) => response,
        Err(error) => error.response(&authority, &ids),
    }
}

fn begin(
    authority: &Authority,
    tenant: String,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Response, AuthorityError> {
    let segment = authority
        .directory
        .tenant_segment(&tenant)
        .ok_or_else(AuthorityError::unknown_tenant)?;
    let client = Client::authenticate(authority, segment, headers, form)?
        .require_credential_if_confidential()?;
    let scope = scope::of_form(form);
    Asked::parse(&authority.directory, &scope)?
        .of_one_resource()?
        .of_known_names()?;

    let device_code = random::token();
    let user_code = user_code();
    let expires_at = authority.clock.now().saturating_add(DEVICE_LIFETIME);
    let reply = json!({
        "user_code": user_code,
        "device_code": device_code,
        "verification_uri": format!("{}/devicelogin", authority.origin),
        "expires_in": DEVICE_LIFETIME,
        "interval": INTERVAL,
        "message": format!(
            "To sign in, use a web browser to open the page {}/devicelogin and enter the code \
             {user_code} to authenticate.",
            authority.origin,
        ),
    });
    authority
        .issued
        .user_codes
        .insert(user_code, device_code.clone(), expires_at);
    authority.issued.devices.insert(
        device_code,
        Device {
            client_id: client.app.client_id.clone(),
            tenant,
            scope,
            decision: Decision::Pending,
        },
        expires_at,
    );
    Ok(Json(reply).into_response())
}

/// `GET /devicelogin`: asks for the code; `?otc=` fills it in.
pub(super) async fn page(RawQuery(query): RawQuery) -> Response {
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    pages::device(form.text("otc").unwrap_or_default(), None)
}

/// `POST /devicelogin`: first the code alone, then with the person's decision.
pub(super) async fn decide(
    State(authority): State<Arc<Authority>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !session::is_own_page(&authority, &headers) {
        return pages::refusal("This form belongs to the device page of the emulator.");
    }
    let form = Form::parse(&body);
    let user_code = form
        .text("user_code")
        .unwrap_or_default()
        .trim()
        .to_ascii_uppercase();
    let now = authority.clock.now();
    let waiting = authority
        .issued
        .user_codes
        .peek(&user_code, now)
        .and_then(|device_code| {
            let device = authority.issued.devices.peek(&device_code, now)?;
            Some((device_code, device))
        });
    let Some((device_code, device)) = waiting else {
        return pages::device(
            &user_code,
            Some("That code did not work. Check it and try again."),
        );
    };
    let decision = match form.text("action") {
        None => return choose(&authority, &device, &user_code),
        Some("cancel") => Decision::Declined,
        Some(_) => match approve(&authority, &device, &form) {
            Some(signed_in) => Decision::Approved(signed_in),
            None => return choose(&authority, &device, &user_code),
        },
    };
    let text = match decision {
        Decision::Approved(_) => "You have signed in on your device. You may close this page.",
        _ => "You declined the sign-in. You may close this page.",
    };
    // The user code works once, whatever was decided.
    authority.issued.user_codes.take(&user_code, now);
    authority
        .issued
        .devices
        .change(&device_code, now, |device, _| device.decision = decision);
    pages::message("Done", text)
}

fn choose(authority: &Authority, device: &Device, user_code: &str) -> Response {
    let accounts: Vec<&Account> = authority
        .directory
        .accounts()
        .iter()
        .filter(|account| tenant_for(authority, device, account).is_some())
        .collect();
    let app = authority
        .directory
        .app(&device.client_id)
        .map_or("an application", |app| app.name.as_str());
    pages::sign_in(&pages::SignIn {
        app,
        action: "/devicelogin",
        hidden: &[("user_code", user_code)],
        accounts: &accounts,
        chosen: None,
    })
}

fn approve(authority: &Authority, device: &Device, form: &Form) -> Option<SignedIn> {
    let account = authority.directory.account(form.text("account")?)?;
    Some(SignedIn {
        client_id: device.client_id.clone(),
        account: account.upn.clone(),
        tenant: tenant_for(authority, device, account)?,
        scope: device.scope.clone(),
        proven: Proven::password(authority.clock.now()),
    })
}

/// The tenant that would issue the account's token, if the account may sign in there.
fn tenant_for(authority: &Authority, device: &Device, account: &Account) -> Option<String> {
    match authority.directory.tenant_segment(&device.tenant)? {
        TenantSegment::Any => Some(account.home_tenant.clone()),
        TenantSegment::One(tenant) => account.is_in(&tenant.id).then(|| tenant.id.clone()),
    }
}

fn user_code() -> String {
    random::bytes::<USER_CODE_LENGTH>()
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 16)))
        .map(|letter| char::from(*letter))
        .collect()
}
