//! What the portal's pages may load, frame and be framed by.
//!
//! There is no opener policy: a sign-in window must stay reachable for the page that opened it.

use std::collections::BTreeSet;

use axum::response::Response;
use http::{HeaderValue, header};

use super::FrontEnd;

/// The headers of a page.
pub(super) struct Policy {
    content_security: HeaderValue,
}

/// The portal frames the registered front ends, and the authority where MSAL renews a token.
pub(super) fn of_portal(front_ends: &[FrontEnd]) -> Policy {
    let origins: BTreeSet<&str> = front_ends
        .iter()
        .map(|front_end| front_end.url.as_str())
        .collect();
    let origins: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    Policy::new(&format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; \
         connect-src 'self'; frame-src 'self'{origins}; frame-ancestors 'none'; \
         base-uri 'none'; form-action 'none'"
    ))
}

/// The page at the end of a sign-in may be in a hidden frame of the portal.
pub(super) fn of_close_page() -> Policy {
    Policy::new(
        "default-src 'none'; script-src 'self'; frame-ancestors 'self'; base-uri 'none'; \
         form-action 'none'",
    )
}

impl Policy {
    fn new(policy: &str) -> Self {
        let content_security = HeaderValue::try_from(policy)
            .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"));
        Self { content_security }
    }

    /// Adds the headers to a page's response.
    pub(super) fn apply(self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, self.content_security);
        headers.insert(
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        );
    }
}
