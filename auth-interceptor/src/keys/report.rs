//! What operators see of an authority's keys: the span of each read, and an event for each change.
//!
//! A fault that lasts is told once, and of a key id no more than its head.

use tracing::{Span, debug, field, info, info_span, record_all, warn};

use super::authority_keys::{KeySource, Loaded};
use super::discovery::Sources;
use super::error::KeyReadError;
use super::fetch::Seen;
use super::refresh::Trigger;
use super::signing_key::shown_kid;
use super::snapshot::KeySnapshot;

/// Reports on the keys of one authority.
pub(super) struct Report {
    authority: Box<str>,
}

impl Report {
    pub(super) fn new(authority: &str) -> Self {
        Self {
            authority: authority.into(),
        }
    }

    /// The span of one read: of all the authority's documents together, hence of no one request.
    pub(super) fn span(&self, sources: &Sources, trigger: &Trigger) -> Span {
        let address = sources.address();
        let span = info_span!(
            parent: None,
            "jwks.fetch",
            otel.kind = "client",
            otel.status_code = field::Empty,
            http.request.method = "GET",
            http.response.status_code = field::Empty,
            server.address = address.host_str(),
            server.port = address.port_or_known_default(),
            // It has no query, user name or password.
            url.full = address.as_str(),
            url.template = sources.template(),
            network.protocol.version = field::Empty,
            error.type = field::Empty,
            selvedge.authority.name = &*self.authority,
            selvedge.jwks.trigger = trigger.as_str(),
            selvedge.jwks.kid = field::Empty,
            selvedge.jwks.source = field::Empty,
        );
        if let Trigger::UnknownKid((_, kid)) = trigger {
            span.record("selvedge.jwks.kid", shown_kid(kid));
        }
        span
    }

    /// How a read ended, `previous` being the error of the one before.
    pub(super) fn outcome(
        &self,
        span: &Span,
        seen: Seen,
        source: KeySource,
        error: Option<KeyReadError>,
        previous: Option<KeyReadError>,
    ) {
        record_all!(
            span,
            http.response.status_code = seen.status,
            network.protocol.version = seen.version,
            selvedge.jwks.source = source.as_str(),
        );
        match error {
            Some(error) => {
                let error_type = error.error_type();
                record_all!(
                    span,
                    error.type = &*error_type,
                    otel.status_code = "ERROR",
                );
                self.failed(source, error, previous);
            }
            None if previous.is_some() => {
                info!(
                    name: "jwks_recovered",
                    {
                        selvedge.authority.name = &*self.authority
                    },
                    "the authority's keys can be read again",
                );
            }
            None => {}
        }
    }

    fn failed(&self, source: KeySource, error: KeyReadError, previous: Option<KeyReadError>) {
        let authority = &*self.authority;
        let error_type = error.error_type();
        let error_type = &*error_type;
        if previous == Some(error) {
            debug!(
                name: "jwks_still_failing",
                {
                    selvedge.authority.name = authority,
                    error.type = error_type
                },
                "the authority's keys still cannot be read: {error}",
            );
        } else if error.is_rejection() {
            warn!(
                name: "jwks_rejected",
                {
                    selvedge.authority.name = authority,
                    error.type = error_type,
                    selvedge.jwks.source = source.as_str()
                },
                "the authority's keys are refused: {error}",
            );
        } else {
            warn!(
                name: "jwks_unavailable",
                {
                    selvedge.authority.name = authority,
                    error.type = error_type,
                    selvedge.jwks.source = source.as_str()
                },
                "the authority's keys cannot be read: {error}",
            );
        }
    }

    /// The keys are others than before, or the first.
    pub(super) fn changed(&self, snapshot: &KeySnapshot) {
        info!(
            name: "jwks_changed",
            {
                selvedge.authority.name = &*self.authority,
                selvedge.jwks.keys = snapshot.len()
            },
            "the authority has published new keys",
        );
    }

    /// The last good keys passed their cap.
    pub(super) fn expired(&self) {
        warn!(
            name: "jwks_expired",
            {
                selvedge.authority.name = &*self.authority
            },
            "the last good keys are too old to serve",
        );
    }

    /// The entries that are not used, once for as long as they stay the same.
    pub(super) fn refused_keys(&self, snapshot: &KeySnapshot, previous: Option<&Loaded>) {
        if previous.is_some_and(|old| old.snapshot.refused().eq(snapshot.refused())) {
            return;
        }
        for refused in snapshot.refused() {
            let authority = &*self.authority;
            let kid = &*refused.kid;
            let why = refused.why;
            if why.is_alarming() {
                warn!(
                    name: "jwk_rejected",
                    {
                        selvedge.authority.name = authority,
                        selvedge.jwks.kid = kid
                    },
                    "a published key is refused: {why}",
                );
            } else {
                debug!(
                    name: "jwk_unused",
                    {
                        selvedge.authority.name = authority,
                        selvedge.jwks.kid = kid
                    },
                    "a published key is not used: {why}",
                );
            }
        }
    }
}
