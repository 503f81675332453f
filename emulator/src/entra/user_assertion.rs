//! The assertion of an On-Behalf-Of request: a user's token for the middle tier that presents it.
//!
//! The authority judges a token of its own making, by its own keys and records. This is no
//! validator for anybody else: it accepts one issuer, one algorithm and its own claims.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::error::AuthorityError;
use crate::authority::Authority;
use crate::directory::{Account, App, Tenant};
use crate::tokens::Proven;

/// Seconds by which clocks may differ.
const LEEWAY: u64 = 300;

/// The person a verified assertion speaks for.
#[derive(Debug)]
pub(super) struct UserAssertion {
    pub(super) account: Account,
    pub(super) proven: Proven,
}

/// Judges `assertion` as `client` presents it at `tenant`'s token endpoint.
pub(super) fn verify(
    authority: &Authority,
    client: &App,
    tenant: &Tenant,
    assertion: &str,
) -> Result<UserAssertion, AuthorityError> {
    let claims = signed_claims(authority, assertion)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);

    if text("tid") != Some(&tenant.id)
        || text("iss") != issuer(authority, tenant, &claims).as_deref()
    {
        return Err(AuthorityError::user_assertion_issuer());
    }
    if !text("aud").is_some_and(|audience| is_audience(client, audience)) {
        return Err(AuthorityError::user_assertion_audience());
    }
    check_times(&claims, authority.clock.now())?;
    if text("appid").or(text("azp")).is_none() {
        return Err(AuthorityError::id_token_as_assertion());
    }
    if text("idtyp") == Some("app") || text("scp").is_none_or(str::is_empty) {
        return Err(AuthorityError::app_only_assertion());
    }
    Ok(UserAssertion {
        account: account(authority, tenant, &claims).ok_or_else(AuthorityError::unknown_account)?,
        proven: Proven::of_claims(&claims),
    })
}

/// The claims, once the signature is known to be ours.
fn signed_claims(
    authority: &Authority,
    assertion: &str,
) -> Result<Map<String, Value>, AuthorityError> {
    let malformed = AuthorityError::malformed_user_assertion;
    let (message, signature) = assertion.rsplit_once('.').ok_or_else(malformed)?;
    let (header, payload) = message.split_once('.').ok_or_else(malformed)?;
    let header = object(header)?;
    let claims = object(payload)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(malformed());
    }
    let key = header
        .get("kid")
        .and_then(Value::as_str)
        .and_then(|kid| authority.keys.named(kid))
        .ok_or_else(AuthorityError::user_assertion_key)?;
    if !key.verifies(message.as_bytes(), &signature) {
        return Err(AuthorityError::user_assertion_signature());
    }
    Ok(claims)
}

fn object(part: &str) -> Result<Map<String, Value>, AuthorityError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(AuthorityError::malformed_user_assertion)
}

fn issuer(authority: &Authority, tenant: &Tenant, claims: &Map<String, Value>) -> Option<String> {
    match claims.get("ver").and_then(Value::as_str)? {
        "1.0" => Some(authority.issuer_v1(&tenant.id)),
        "2.0" => Some(authority.issuer_v2(&tenant.id)),
        _ => None,
    }
}

fn is_audience(client: &App, audience: &str) -> bool {
    audience == client.client_id || Some(audience) == client.identifier_uri.as_deref()
}

fn check_times(claims: &Map<String, Value>, now: u64) -> Result<(), AuthorityError> {
    let time = |name: &str| claims.get(name).and_then(Value::as_u64);
    let expired = time("exp").is_none_or(|expiry| expiry.saturating_add(LEEWAY) < now);
    let early = time("nbf").is_some_and(|start| start > now.saturating_add(LEEWAY));
    if expired || early {
        return Err(AuthorityError::user_assertion_time());
    }
    Ok(())
}

/// The account of the object id. Its name only says where to look first, and whom a test made up.
fn account(authority: &Authority, tenant: &Tenant, claims: &Map<String, Value>) -> Option<Account> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let object_id = text("oid")?;
    let is_the_one =
        |account: &Account| account.is_in(&tenant.id) && account.object_id(&tenant.id) == object_id;
    text("unique_name")
        .or(text("preferred_username"))
        .map(|name| authority.directory.account_called(name))
        .filter(is_the_one)
        .or_else(|| {
            let mut accounts = authority.directory.accounts().iter();
            accounts.find(|account| is_the_one(account)).cloned()
        })
}
