//! `GET /metrics`: the instruments as OpenMetrics text, for a scraper.
//!
//! For the administration listener alone. A scraper brings no token, as is usual: what is on the page
//! names methods, reasons and configured authorities, never a tenant, a client or a user, and whoever
//! reaches that listener is an administrator.

use http::{HeaderValue, StatusCode};

use super::{Measured, open_metrics};
use crate::transport::pages::Page;

/// Where the page is.
pub const PATH: &str = "/metrics";

const CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

impl Measured {
    /// What was measured, as it is now.
    #[must_use]
    pub fn page(&self) -> Page {
        Page {
            status: StatusCode::OK,
            content_type: CONTENT_TYPE,
            text: open_metrics::write(&self.read()),
        }
    }
}
