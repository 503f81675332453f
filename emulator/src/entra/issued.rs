//! What the authority handed out and must recognise: codes, refresh tokens, sessions.
//!
//! Every store is capped and every entry expires. Nothing of it survives a restart.

use bytes::Bytes;

use super::admin_consent::AdminConsent;
use super::authorize::Waiting;
use crate::bounded::Bounded;
use crate::directory::RedirectKind;
use crate::tokens::Proven;

/// Seconds an authorization code lives.
pub(crate) const CODE_LIFETIME: u64 = 600;
/// Seconds a person may look at a page.
pub(crate) const PAGE_LIFETIME: u64 = 3600;
/// Seconds a browser stays signed in.
pub(crate) const SESSION_LIFETIME: u64 = 24 * 3600;
/// Seconds a device code lives, as Entra's.
pub(crate) const DEVICE_LIFETIME: u64 = 900;
/// Seconds a page's refresh token lives; Entra's figure for single-page applications.
pub(crate) const SPA_REFRESH_LIFETIME: u64 = 24 * 3600;
/// Seconds any other refresh token lives.
pub(crate) const REFRESH_LIFETIME: u64 = 90 * 24 * 3600;

/// The stores.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) codes: Bounded<Code>,
    pub(crate) refresh_tokens: Bounded<RefreshToken>,
    /// By device code.
    pub(crate) devices: Bounded<Device>,
    /// Device codes by user code.
    pub(crate) user_codes: Bounded<String>,
    /// Accounts signed in to a browser, by session cookie.
    pub(crate) sessions: Bounded<Vec<SignedInAccount>>,
    /// Authorization requests that wait for a person, by the page's context.
    pub(crate) waiting: Bounded<Waiting>,
    /// Requests for an administrator's consent, by the page's context.
    pub(crate) admin_consents: Bounded<AdminConsent>,
}

impl Issued {
    pub(crate) fn new() -> Self {
        Self {
            codes: Bounded::new(4096),
            refresh_tokens: Bounded::new(16 * 1024),
            devices: Bounded::new(1024),
            user_codes: Bounded::new(1024),
            sessions: Bounded::new(1024),
            waiting: Bounded::new(1024),
            admin_consents: Bounded::new(1024),
        }
    }
}

/// An account signed in to a browser.
#[derive(Clone, Debug)]
pub(crate) struct SignedInAccount {
    /// User principal name.
    pub(crate) upn: String,
    pub(crate) proven: Proven,
}

/// Who signed in, where, and what the client asked for then.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) client_id: String,
    /// User principal name.
    pub(crate) account: String,
    /// Tenant id.
    pub(crate) tenant: String,
    pub(crate) scope: String,
    pub(crate) proven: Proven,
}

/// An authorization code.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) signed_in: SignedIn,
    pub(crate) redirect_uri: String,
    pub(crate) redirect_kind: RedirectKind,
    pub(crate) challenge: Option<String>,
    pub(crate) nonce: Option<Bytes>,
    /// A redeemed code is kept until it expires, so that reuse is told from invention.
    pub(crate) redeemed: bool,
}

/// A refresh token.
#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub(crate) signed_in: SignedIn,
    pub(crate) for_spa: bool,
}

/// A device authorization request.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) client_id: String,
    /// The tenant segment of the request that started it.
    pub(crate) tenant: String,
    pub(crate) scope: String,
    pub(crate) decision: Decision,
}

/// What the person at the device page decided.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    Pending,
    Approved(SignedIn),
    Declined,
}
