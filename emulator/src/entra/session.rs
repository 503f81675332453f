//! Who is signed in to a browser, and whether a form was posted by our own page.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use serde_json::json;

use super::issued::{SESSION_LIFETIME, SignedInAccount};
use crate::authority::Authority;
use crate::directory::Account;
use crate::random;

const COOKIE: &str = "ESTSAUTH";
/// A hidden frame in another origin sends no cookie but one of this kind.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=None";

/// The accounts signed in to the browser, the latest first.
pub(super) fn accounts(authority: &Authority, headers: &HeaderMap) -> Vec<SignedInAccount> {
    session_id(headers)
        .and_then(|id| authority.issued.sessions.peek(id, authority.clock.now()))
        .unwrap_or_default()
}

/// Signs an account in to the browser, or records what it proved since. The session id is new, so one set by somebody else
/// beforehand is worth nothing.
pub(super) fn remember(
    authority: &Authority,
    headers: &HeaderMap,
    signed_in: SignedInAccount,
) -> HeaderValue {
    let mut accounts = accounts(authority, headers);
    forget(authority, headers);
    accounts.retain(|other| other.upn != signed_in.upn);
    accounts.insert(0, signed_in);
    let id = random::token();
    let expires_at = authority.clock.now().saturating_add(SESSION_LIFETIME);
    let cookie = format!("{COOKIE}={id}; {ATTRIBUTES}");
    authority.issued.sessions.insert(id, accounts, expires_at);
    HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Signs everybody out of the browser.
pub(super) fn forget(authority: &Authority, headers: &HeaderMap) {
    if let Some(id) = session_id(headers) {
        authority.issued.sessions.take(id, 0);
    }
}

/// Removes the cookie from the browser.
pub(super) fn clear_cookie(response: &mut Response) {
    if let Ok(cookie) = HeaderValue::try_from(format!("{COOKIE}=; Max-Age=0; {ATTRIBUTES}")) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Whether a form post comes from a page of this server, under any loopback name, or from no
/// browser at all.
pub(super) fn is_own_page(authority: &Authority, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|host| authority.origin.replacen("localhost", host, 1).as_bytes() == origin.as_bytes())
}

/// MSAL's key of an account: its object id in its home tenant, and that tenant.
pub(super) fn client_info(account: &Account) -> String {
    let info = json!({
        "uid": account.object_id(&account.home_tenant),
        "utid": account.home_tenant,
    });
    URL_SAFE_NO_PAD.encode(info.to_string())
}

fn session_id(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split("; "))
        .find_map(|cookie| cookie.strip_prefix(COOKIE)?.strip_prefix('='))
}
