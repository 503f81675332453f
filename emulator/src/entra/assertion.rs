//! Client assertions (RFC 7523 section 2.2): a client proves itself by a certificate's key.
//!
//! Tolerant where real clients differ (padded thumbprints, fractional times, a missing `nbf`, a
//! `jti` used again, several spellings of the audience) and strict about the signature.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::error::AuthorityError;
use crate::authority::Authority;
use crate::directory::{App, Tenant};

/// Seconds that the client's clock may differ from ours.
const LEEWAY: f64 = 300.0;

/// Whether `assertion` proves that the caller is `client`, at `tenant`'s token endpoint.
pub(super) fn verify(
    authority: &Authority,
    client: &App,
    tenant: Option<&Tenant>,
    assertion: &str,
) -> Result<(), AuthorityError> {
    let (message, signature) = assertion
        .rsplit_once('.')
        .ok_or_else(AuthorityError::malformed_assertion)?;
    let (header, payload) = message
        .split_once('.')
        .ok_or_else(AuthorityError::malformed_assertion)?;
    let signature = decode(signature)?;
    let header = object(header)?;
    let payload = object(payload)?;

    let algorithm: &'static RsaParameters = match header.get("alg").and_then(Value::as_str) {
        Some("PS256") => &RSA_PSS_2048_8192_SHA256,
        Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(AuthorityError::malformed_assertion()),
    };
    let thumbprint = header
        .get("x5t#S256")
        .or_else(|| header.get("x5t"))
        .and_then(Value::as_str)
        .ok_or_else(AuthorityError::assertion_signature)?
        .trim_end_matches('=');
    let verified = authority
        .directory
        .certificates(client)
        .iter()
        .filter(|certificate| certificate.has_thumbprint(thumbprint))
        .any(|certificate| certificate.verifies(algorithm, message.as_bytes(), &signature));
    if !verified {
        return Err(AuthorityError::assertion_signature());
    }

    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    let names_client =
        |name| text(name).is_some_and(|value| value.eq_ignore_ascii_case(&client.client_id));
    if !names_client("iss") || !names_client("sub") {
        return Err(AuthorityError::assertion_subject());
    }
    if !text("aud").is_some_and(|audience| is_audience(authority, tenant, audience)) {
        return Err(AuthorityError::assertion_audience());
    }
    check_times(&payload, authority.clock.now())
}

/// The token endpoint under any of the tenant's names, or one of its issuers.
fn is_audience(authority: &Authority, tenant: Option<&Tenant>, audience: &str) -> bool {
    let mut segments = vec!["common", "organizations"];
    if let Some(tenant) = tenant {
        if audience == authority.issuer_v1(&tenant.id)
            || audience == authority.issuer_v2(&tenant.id)
        {
            return true;
        }
        segments.extend([tenant.id.as_str(), tenant.domain.as_str()]);
    }
    segments.iter().any(|segment| {
        ["oauth2/v2.0/token", "oauth2/token"]
            .iter()
            .any(|path| audience == format!("{}/{segment}/{path}", authority.origin))
    })
}

fn check_times(payload: &Map<String, Value>, now: u64) -> Result<(), AuthorityError> {
    // Python clients send fractions of a second; 2^53 seconds are enough for everybody.
    #[expect(clippy::cast_precision_loss, reason = "seconds stay far below 2^53")]
    let now = now as f64;
    let time = |name: &str| payload.get(name).and_then(Value::as_f64);
    let expired = time("exp").is_none_or(|exp| exp + LEEWAY < now);
    let early = time("nbf").is_some_and(|nbf| nbf - LEEWAY > now);
    if expired || early {
        return Err(AuthorityError::assertion_time());
    }
    Ok(())
}

fn decode(part: &str) -> Result<Vec<u8>, AuthorityError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| AuthorityError::malformed_assertion())
}

fn object(part: &str) -> Result<Map<String, Value>, AuthorityError> {
    serde_json::from_slice(&decode(part)?).map_err(|_| AuthorityError::malformed_assertion())
}
