//! What each page may load, call and be framed by: its Content-Security-Policy.
//!
//! Each is as tight as the page works. The one `unsafe-inline` is for the style elements that the
//! pages' component library writes; no script but the bundle's own runs anywhere.

use http::HeaderValue;
use http::header::InvalidHeaderValue;

/// The policies, by what is served.
#[derive(Debug)]
pub(super) struct Policies {
    /// The front end, which pages of Fabric frame.
    pub(super) app: HeaderValue,
    /// The token broker's page, which signs in by itself.
    pub(super) broker: HeaderValue,
    /// The page in which a consent ends.
    pub(super) close: HeaderValue,
    /// The page in which the broker's sign-ins end, in popups and in its own hidden frames.
    pub(super) broker_close: HeaderValue,
    /// What is no page.
    pub(super) file: HeaderValue,
}

/// The origins that pages reach.
pub(super) struct Origins<'a> {
    /// The service's.
    pub(super) service: String,
    /// Where the broker's users sign in; none: there is no broker.
    pub(super) authority: Option<String>,
    /// Who may frame the front end, as CSP host sources.
    pub(super) frame_ancestors: &'a [String],
}

/// What all pages have in common.
const PAGE: &str = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'";
/// What a page with something to look at needs besides.
const VISIBLE: &str = "style-src 'self' 'unsafe-inline'; img-src 'self' data:";

impl Policies {
    pub(super) fn new(origins: &Origins<'_>) -> Result<Self, InvalidHeaderValue> {
        let service = &origins.service;
        let authority = origins
            .authority
            .as_ref()
            .map_or_else(String::new, |authority| format!(" {authority}"));
        let ancestors = match origins.frame_ancestors {
            [] => "'none'".to_owned(),
            ancestors => ancestors.join(" "),
        };
        Ok(Self {
            app: format!(
                "{PAGE}; {VISIBLE}; connect-src 'self' {service}; frame-ancestors {ancestors}"
            )
            .try_into()?,
            // Its library renews sign-ins in hidden frames, which begin at the authority and end at
            // its own page.
            broker: format!(
                "{PAGE}; {VISIBLE}; connect-src 'self' {service}{authority}; \
                 frame-src 'self'{authority}; frame-ancestors 'none'"
            )
            .try_into()?,
            close: format!("{PAGE}; frame-ancestors 'none'").try_into()?,
            broker_close: format!("{PAGE}; frame-ancestors 'self'").try_into()?,
            file: HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        })
    }
}
